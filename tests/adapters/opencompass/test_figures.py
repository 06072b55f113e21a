"""OpenCompass's numbers: order, units, averages, intervals."""

from __future__ import annotations

import pytest

from adapters.opencompass.figures import deviation, figures, mean, wilson


def test_the_headline_is_that_of_opencompass_summary() -> None:
    found = figures({"pass": "5", "failed": "1", "score": "83.33333333333334", "details": {}, "type": "GEN"})

    assert [figure.name for figure in found] == ["score", "pass", "failed"]


def test_a_percentage_becomes_a_share() -> None:
    (found,) = figures({"accuracy": "83.33333333333334"})

    assert (found.unit, found.maximum, found.literal) == ("percent", 100.0, "83.33333333333334")
    assert found.value == pytest.approx(0.8333333333333334)


def test_counts_have_no_maximum() -> None:
    (found,) = figures({"timeout": "3"})

    assert (found.unit, found.value, found.higher_is_better) == ("count", None, False)


@pytest.mark.parametrize("literal", ["-1.5", "250.0"])
def test_a_score_that_is_no_percentage_has_no_maximum(literal: str) -> None:
    (found,) = figures({"score": literal})

    assert (found.unit, found.value) == ("score", None)


def test_what_is_no_number_is_no_score() -> None:
    assert figures({"accuracy": "NaN", "type": "GEN", "sys_len": "5", "note": "text", "nested": {}}) == []


def test_a_mean_is_computed_in_opencompass_order() -> None:
    values = [33.333333333333336, 66.66666666666667, 10.1]

    assert mean(values) == sum(values) / 3
    assert mean(values, [1.0, 2.0, 3.0]) == (values[0] * 1.0 + values[1] * 2.0 + values[2] * 3.0) / 6.0


def test_the_interval_is_wilsons() -> None:
    low, high = wilson(9 / 11, 11)

    assert (low, high) == (pytest.approx(0.523019438), pytest.approx(0.948632310))
    assert deviation(9 / 11, 11) == pytest.approx(0.121967344)


def test_one_sample_has_no_deviation() -> None:
    assert deviation(1.0, 1) is None


def test_the_ends_are_exact() -> None:
    assert wilson(0.0, 5)[0] == 0.0
    assert wilson(1.0, 5)[1] == 1.0
