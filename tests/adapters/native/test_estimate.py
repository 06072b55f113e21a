"""What plan and doctor expect a model to be asked is what the runner asks it (test_remote_likelihood counts that)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.native.adapter import NativeAdapter
from hub.adapter import DatasetRequest, Estimate, Evaluation, ModelTarget


def estimates(name: str, *, via: Any = "endpoint", judge: bool = False, **fields: Any) -> tuple[Estimate, ...]:
    asked = replace(DatasetRequest(name, name), **fields)
    return NativeAdapter().estimate(Evaluation("native", ModelTarget("m", via), (asked,), seed=42, judge=judge))


def test_an_answer_is_a_call() -> None:
    (found,) = estimates("gsm8k", limit=10)

    assert (found.calls, found.most_calls, found.basis) == (10, None, "one call a row of the published data")


def test_each_repeat_is_a_call() -> None:
    (found,) = estimates("gsm8k", limit=10, options={"repeats": 4})

    assert (found.calls, found.basis) == (40, "a call for each repeat of a row of the published data")


def test_an_endpoint_is_asked_for_answers_where_the_task_says_nothing() -> None:
    (found,) = estimates("hellaswag", limit=10)

    assert found.calls == 10


def test_a_likelihood_is_a_call_for_each_option_and_one_for_the_prompt() -> None:
    (found,) = estimates("hellaswag", limit=10, scoring="continuation")

    assert found.calls == 10 * (4 + 1)
    assert found.basis == "of each row of the published data one for each option, and one for the prompt"


def test_what_follows_an_option_is_looked_at_with_it_and_the_option_alone() -> None:
    (found,) = estimates("winogrande", limit=10, scoring="continuation")

    assert found.calls == 10 * (2 * 2 + 1)
    assert "one for each option and what follows it, and one for the prompt" in found.basis


def test_labels_take_one_call_where_the_server_lists_the_next_tokens() -> None:
    (found,) = estimates("mmlu", limit=5, scoring="choice")

    assert (found.calls, found.most_calls) == (57 * 5, 57 * 5 * 5)
    assert "where the server lists the next tokens, else one for each option, and one for the prompt" in found.basis


@pytest.mark.parametrize("scoring", ["generate", "choice", "continuation"])
def test_nobody_has_counted_the_users_own_rows(tmp_path: Path, scoring: str) -> None:
    (found,) = estimates("general_mcq", path=tmp_path, scoring=scoring)

    assert (found.calls, found.most_calls) == (None, None)
    assert "your data, which nobody has counted" in found.basis


def test_questions_of_any_number_of_options_are_no_known_number_of_calls() -> None:
    (found,) = estimates("truthful_qa", scoring="continuation")

    assert (found.calls, found.most_calls) == (None, None)


@pytest.mark.parametrize(("via", "roles"), [("endpoint", ["candidate", "judge"]), ("in_job", ["judge"])])
def test_a_judge_is_asked_once_an_answer_and_again_where_it_gives_no_verdict(via: str, roles: list[str]) -> None:
    found = estimates("simple_qa", via=via, judge=True, limit=10)

    assert [part.role for part in found] == roles
    assert (found[-1].calls, found[-1].most_calls) == (10, 20)


def test_weights_in_a_job_ask_nobody() -> None:
    assert estimates("gsm8k", via="in_job") == ()
