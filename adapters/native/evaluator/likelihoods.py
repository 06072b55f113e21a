"""Choose among options by their log-likelihoods, and say how much probability the true ones hold."""

from __future__ import annotations

import math
from collections.abc import Sequence

from adapters.native.evaluator.choices import Option


def likeliest(values: Sequence[float]) -> int:
    """Return the index of the likeliest option."""
    return max(range(len(values)), key=values.__getitem__)


def likeliest_per_character(values: Sequence[float], options: Sequence[Option]) -> int:
    """Return the index of the option that is likeliest per character of its text.

    The length is that of the option's text without the blank in front: lm-eval's `acc_norm`.
    """
    return likeliest([value / max(1, len(option.text)) for value, option in zip(values, options, strict=True)])


def mc2(values: Sequence[float], true: Sequence[bool]) -> float:
    """Return the share of probability that the true ones of all options hold.

    Formula: Lin, Hilton, Evans 2022, "TruthfulQA", arXiv:2109.07958: the options' probabilities,
    normalised to sum to 1.
    """
    highest = max(values)
    weights = [math.exp(value - highest) for value in values]
    held = math.fsum(weight for weight, mark in zip(weights, true, strict=True) if mark)
    return held / math.fsum(weights)


def of_rests(values: Sequence[float]) -> tuple[float, ...]:
    """Return how likely the rest is after each option, from pairs (option alone, option with the rest).

    Partial evaluation: Trinh, Le 2018, "A Simple Method for Commonsense Reasoning", arXiv:1806.02847.
    """
    return tuple(whole - alone for alone, whole in zip(values[::2], values[1::2], strict=True))
