"""Answers of several spans are paired off with those that are wanted, as DROP's own metric does."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.native.evaluator.spans import _highest_sum, exact_match_spans, f1_spans


@pytest.mark.parametrize(
    ("text", "answers", "exact", "f1"),
    [
        ("Ann", [["Ann"]], 1, 1.0),
        ("Ann, Ben", [["Ann", "Ben"]], 1, 1.0),
        ("Ben and Ann", [["Ann", "Ben"]], 1, 1.0),
        ("Ann", [["Ann", "Ben"]], 0, 0.5),
        ("Ann, Ben, Cy", [["Ann", "Ben"]], 0, 0.67),
        ("Ann Lee", [["Ann"]], 0, 0.67),
        ("the Rock-and Roll", [["rock and roll"]], 1, 1.0),
        ("Paris, France", [["Paris, France"]], 1, 1.0),
        ("4", [["3"], ["4.0"]], 1, 1.0),
        ("3 goals", [["4 goals"]], 0, 0.0),
        ("1,000", [["1000"]], 1, 1.0),
        ("in May", [["3 May 2021"]], 0, 0.0),
        ("", [["Ann"]], 0, 0.0),
        ("the", [["a"]], 0, 0.0),
        ("Ann", [[""], ["Ann"]], 1, 1.0),
    ],
)
def test_spans(text: str, answers: list[list[str]], exact: float, f1: float) -> None:
    assert exact_match_spans(text, answers) == exact
    assert f1_spans(text, answers) == pytest.approx(f1)


@given(st.integers(1, 5), st.integers(1, 5), st.data())
def test_no_other_pairs_have_a_higher_sum(height: int, width: int, data: st.DataObject) -> None:
    scores = [[data.draw(st.floats(0, 1)) for _ in range(width)] for _ in range(height)]
    rows = scores if height <= width else [list(column) for column in zip(*scores, strict=True)]

    every = [
        sum(row[column] for row, column in zip(rows, order, strict=True))
        for order in permutations(range(max(height, width)), len(rows))
    ]

    assert _highest_sum(scores) == pytest.approx(max(every))
