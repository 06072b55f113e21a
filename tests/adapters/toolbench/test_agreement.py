"""How a prediction agrees with its target; the rules are written down in docs/toolbench.md."""

from __future__ import annotations

import pytest

from adapters.toolbench.evaluator.static.agreement import (
    HALLUCINATED,
    INVALID_REFERENCE,
    UNANSWERED_GIVE_UP,
    UNLISTED_REFERENCE,
    Agreement,
    compare,
)
from tests.adapters.toolbench.cases import GIVE_UP, TOOLS, answer, call

OSLO = call("weather", {"city": "Oslo", "days": 3})


def agreement(target: str, prediction: str) -> Agreement:
    return compare(target, prediction, TOOLS)


@pytest.mark.parametrize(
    ("target", "prediction", "f1", "bucket"),
    [
        (OSLO, call("weather", {"days": 3, "city": "Oslo"}), 1.0, "hard"),
        (OSLO, call("weather", {"city": "Oslo", "days": 4}), 0.75, "hard"),
        (OSLO, call("weather", {"city": "Oslo", "days": "3"}), 0.75, "hard"),
        (OSLO, call("weather", {"city": "Oslo", "days": 3.0}), 1.0, "hard"),
        (OSLO, call("weather", {"city": "Oslo"}), 2 / 3, "hard"),
        (call("weather", {"city": "Oslo"}), OSLO, 2 / 3, "hard"),
        (call("weather", {"city": "Oslo"}), call("weather", {"town": "Oslo"}), 0.0, "hard"),
        (call("weather", {"city": "Oslo"}), call("weather", {"city": "Rome"}), 0.5, "hard"),
        (call("weather", {"city": "Oslo"}), call("weather"), 0.0, "hard"),
        (call("weather", {"city": "Oslo"}), call("weather", raw="{'city': 'Oslo'}"), 0.0, "hard"),
        (call("weather", {"city": "Oslo"}), call("weather", raw='["Oslo"]'), 0.0, "hard"),
        (call("weather", raw='["Oslo"]'), call("weather", raw='["Oslo"]'), 0.0, "hard"),
        (call("weather", raw="city=Oslo"), OSLO, None, None),
        (call("weather", raw="city=Oslo"), call("cities"), 0.0, "both"),
        (call("cities"), call("cities"), 1.0, "easy"),
        (call("cities"), call("cities", {"x": 1}), 0.0, "easy"),
        (call("cities"), call("cities", raw="null"), 0.0, "easy"),
        (OSLO, call("cities"), 0.0, "both"),
        (OSLO, GIVE_UP, 0.0, "both"),
    ],
)
def test_f1_compares_arguments(target: str, prediction: str, f1: float | None, bucket: str | None) -> None:
    found = agreement(target, prediction)

    assert (found.f1, found.bucket) == (f1, bucket)


def test_the_action_is_the_name_alone_and_strictly_the_arguments_too() -> None:
    found = agreement(OSLO, call("weather", {"city": "Rome", "days": 3}))

    assert (found.action, found.strict_action) == (True, False)
    assert agreement(OSLO, OSLO).strict_action is True


def test_a_text_without_an_action_is_a_call_of_nothing() -> None:
    found = agreement(OSLO, "It is sunny.")

    assert (found.plan, found.action, found.hallucinated) == (True, False, False)


@pytest.mark.parametrize("name", ["Weather", "`weather`", "storm"])
def test_a_tool_that_is_not_listed_is_hallucinated(name: str) -> None:
    found = agreement(OSLO, call(name, {"city": "Oslo"}))

    assert (found.hallucinated, found.action, found.bucket) == (True, False, "both")


def test_a_literal_none_is_not_hallucinated() -> None:
    assert agreement(OSLO, call("none")).hallucinated is False


@pytest.mark.parametrize(
    ("target", "prediction", "reason"),
    [
        (call(HALLUCINATED), OSLO, INVALID_REFERENCE),
        (call("spot", {"x": 1}), call("spot", {"x": 1}), UNLISTED_REFERENCE),
        (GIVE_UP, OSLO, UNANSWERED_GIVE_UP),
        (GIVE_UP, answer("x"), UNANSWERED_GIVE_UP),
    ],
)
def test_an_item_whose_reference_cannot_be_used_is_dropped(target: str, prediction: str, reason: str) -> None:
    found = agreement(target, prediction)

    assert found.dropped == reason
    assert (found.plan, found.action, found.f1, found.rouge_l) == (None, None, None, None)


def test_a_missed_giving_up_counts_strictly() -> None:
    assert agreement(GIVE_UP, OSLO).strict_plan is False
    assert agreement(GIVE_UP, GIVE_UP).strict_plan is True


def test_an_unlisted_reference_never_counts_strictly() -> None:
    found = agreement(call("spot"), GIVE_UP)

    assert (found.dropped, found.plan, found.strict_plan, found.strict_action) == ("", False, None, None)


def test_a_reference_without_an_action_agrees_with_a_text_without_one() -> None:
    found = agreement("Thought: hm", "Thought: oh")

    assert (found.plan, found.action, found.f1, found.bucket) == (True, True, 1.0, "easy")


@pytest.mark.parametrize(
    ("prediction", "plan", "rouge_l"),
    [
        (answer("It is sunny in Oslo"), True, 0.999999995),
        (call("weather"), False, 0.0),
        (GIVE_UP, False, 0.0),
        ("It is sunny in Oslo.", False, 0.0),
    ],
)
def test_a_final_answer_is_compared_by_rouge(prediction: str, plan: bool, rouge_l: float) -> None:
    found = agreement(answer("It is sunny in Oslo"), prediction)

    assert (found.plan, found.action, found.f1, found.rouge_l) == (plan, None, None, rouge_l)


def test_an_answer_without_words_agrees_in_none_and_a_reference_without_them_does_not_count() -> None:
    assert agreement(answer("sunny"), answer("...")).rouge_l == 0.0
    assert agreement(answer("..."), answer("sunny")).rouge_l is None
    assert agreement(answer("..."), answer("...")).rouge_l is None
