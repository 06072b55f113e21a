"""What log-likelihoods say about options."""

from __future__ import annotations

import math

import pytest

from adapters.native.evaluator.choices import Option
from adapters.native.evaluator.likelihoods import likeliest, likeliest_per_character, mc2, of_rests


def test_a_long_option_may_be_likelier_per_character() -> None:
    options = (Option("A", "no"), Option("B", "certainly not"))

    assert likeliest([-2.0, -6.0]) == 0
    assert likeliest_per_character([-2.0, -6.0], options) == 1


def test_mc2_is_the_share_of_the_true_ones() -> None:
    values = [math.log(0.3), math.log(0.1), math.log(0.1)]

    assert mc2(values, [True, False, True]) == pytest.approx(0.8)


def test_mc2_of_values_too_small_for_probabilities() -> None:
    assert mc2([-5000.0, -5000.0], [True, False]) == pytest.approx(0.5)


def test_what_follows_an_option_counts_without_the_option() -> None:
    assert of_rests([-1.0, -3.0, -9.0, -10.0]) == (-2.0, -1.0)
