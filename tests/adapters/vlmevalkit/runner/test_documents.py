"""What is mended of the scores of questions about documents."""

from __future__ import annotations

import math
from typing import Any

import pytest

from adapters.vlmevalkit.runner.documents import whole_f1


def undefined(_: Any) -> float:
    raise ZeroDivisionError


def test_an_f1_that_vlmevalkit_computes_is_its_own() -> None:
    assert whole_f1(lambda _: 0.25)({"answer": ["5"]}) == 0.25


@pytest.mark.parametrize("answers", [["5"], ["Not answerable", "5"]])
def test_without_a_single_right_answer_it_is_nought(answers: list[str]) -> None:
    assert whole_f1(undefined)({"answer": answers}) == 0.0


def test_where_nothing_can_be_answered_there_is_none() -> None:
    assert math.isnan(whole_f1(undefined)({"answer": ["Not answerable"]}))
