"""Means carry their uncertainty, or the reason why they have none."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.runtime.statistics import TOO_FEW, estimate, macro_estimate, ratio_estimate, wilson


def test_the_standard_error_is_that_of_the_sample() -> None:
    found = estimate([1.0, 1.0, 0.0, 1.0])

    assert found.value == 0.75
    assert found.stderr == pytest.approx(math.sqrt(0.25 / 4))


def test_wilson_agrees_with_a_published_value() -> None:
    # Newcombe 1998, Statistics in Medicine 17:857-872, table I: 81 of 263 -> 0.2553 to 0.3662.
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_wilson_has_a_width_where_everything_is_right_or_wrong() -> None:
    assert wilson(0.0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1.0, 20)[1] == 1.0


def test_one_sample_has_no_uncertainty_and_says_why() -> None:
    found = estimate([1.0])

    assert (found.value, found.stderr, found.ci95) == (1.0, None, None)
    assert found.uncertainty_absent == TOO_FEW


@given(st.lists(st.floats(0, 1), min_size=2, max_size=50))
def test_the_interval_holds_the_mean_and_stays_inside_zero_and_one(scores: list[float]) -> None:
    found = estimate(scores)

    assert found.ci95 is not None
    low, high = found.ci95
    assert 0.0 <= low <= found.value + 1e-12
    assert found.value - 1e-12 <= high <= 1.0


def test_the_macro_mean_weighs_every_group_alike() -> None:
    found = macro_estimate([[1.0] * 8 + [0.0] * 8, [1.0, 1.0]])

    assert found.value == 0.75
    assert found.stderr == pytest.approx(math.sqrt(16 * 0.25 / 15 / 16) / 2)
    assert found.ci95 is not None
    assert found.ci95[0] < 0.75 < found.ci95[1] <= 1.0


def test_a_group_of_one_leaves_the_macro_mean_without_an_error() -> None:
    found = macro_estimate([[1.0, 0.0], [1.0]])

    assert (found.value, found.stderr) == (0.75, None)
    assert "fewer than 2" in found.uncertainty_absent


def test_a_ratio_of_samples_with_one_score_each_is_their_mean() -> None:
    scores = [1.0, 0.0, 1.0, 1.0]
    mean, ratio = estimate(scores), ratio_estimate([[score] for score in scores])

    assert ratio.value == mean.value
    assert ratio.stderr == pytest.approx(mean.stderr)


def test_scores_of_one_sample_that_agree_are_worth_one_alone() -> None:
    alone, doubled = ratio_estimate([[1.0], [0.0], [1.0]]), ratio_estimate([[1.0] * 5, [0.0] * 5, [1.0] * 5])

    assert doubled.value == alone.value
    assert doubled.stderr == pytest.approx(alone.stderr)


def test_one_sample_with_several_scores_has_no_error() -> None:
    assert ratio_estimate([[1.0, 0.0]]).uncertainty_absent == TOO_FEW
