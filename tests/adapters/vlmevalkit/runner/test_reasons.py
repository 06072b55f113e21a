"""Reasons are in words that a reader of a report understands."""

from __future__ import annotations

import pytest

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


def test_a_mean_over_no_rating_is_said_to_be_one() -> None:
    source = "\n" * 89 + "1 / 0\n"

    with pytest.raises(ZeroDivisionError) as caught:
        exec(compile(source, "/x/vlmeval/dataset/image_mt.py", "exec"), {})  # noqa: S102 - the text is above

    assert describe(caught.value) == "the judge gave no rating that VLMEvalKit could read of any answer"
