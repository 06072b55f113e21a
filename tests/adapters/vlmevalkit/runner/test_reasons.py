"""Reasons are in words that a reader of a report understands."""

from __future__ import annotations

from adapters.vlmevalkit.runner.reasons import StatedError, describe


def test_a_judge_that_does_not_answer_is_named_without_vlmevalkit_s_advice_on_keys() -> None:
    error = AssertionError("MMVet evaluation requires a working OPENAI API\nTo debug the OpenAI API, you can try ...")

    assert describe(error) == (
        "the judge did not answer when VLMEvalKit asked whether it is there, so nothing was judged"
    )


def test_a_reason_that_is_stated_stays_as_it_is() -> None:
    assert describe(StatedError("there is no file /data/x.tsv")) == "there is no file /data/x.tsv"


def test_another_error_keeps_its_kind() -> None:
    assert describe(KeyError("split")) == "KeyError: 'split'"
