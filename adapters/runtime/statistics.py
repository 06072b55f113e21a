"""Means of per-sample scores with their uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

Z95 = 1.959963984540054
TOO_FEW = "needs at least 2 scored samples"


@dataclass(frozen=True)
class Estimate:
    """A mean in 0-1, its standard error and 95 % interval, or why there is none."""

    value: float
    stderr: float | None = None
    ci95: tuple[float, float] | None = None
    uncertainty_absent: str = ""


def estimate(scores: Sequence[float]) -> Estimate:
    """Return the mean of scores in 0-1, over at least one sample.

    Standard error: sample standard deviation (n - 1) / sqrt(n), the central limit theorem's (Miller 2024,
    arXiv:2411.00640, section 2.1). Interval: Wilson's where every score is 0 or 1 (it stays right near 0 and 1, where
    the normal one has width 0), else the normal one, cut to 0-1.
    """
    n = len(scores)
    mean = math.fsum(scores) / n
    if n < 2:
        return Estimate(mean, uncertainty_absent=TOO_FEW)
    stderr = math.sqrt(math.fsum((score - mean) ** 2 for score in scores) / (n - 1) / n)
    binary = all(score in {0.0, 1.0} for score in scores)
    return Estimate(mean, stderr, wilson(mean, n) if binary else _normal(mean, stderr))


def macro_estimate(groups: Sequence[Sequence[float]]) -> Estimate:
    """Return the mean of the groups' means, each of at least one score in 0-1, the groups being fixed.

    Standard error: sqrt(sum of the squared standard errors of the groups) / number of groups, as of a stratified
    sample; None where a group has one score only.
    """
    means = [estimate(scores) for scores in groups]
    mean = math.fsum(part.value for part in means) / len(means)
    errors = [part.stderr for part in means]
    if any(error is None for error in errors):
        return Estimate(mean, uncertainty_absent="a subset has fewer than 2 scored samples")
    stderr = math.sqrt(math.fsum((error or 0.0) ** 2 for error in errors)) / len(means)
    return Estimate(mean, stderr, _normal(mean, stderr))


def ratio_estimate(clusters: Sequence[Sequence[float]]) -> Estimate:
    """Return the mean over all scores in 0-1 of samples that have several each, at least one in all.

    Standard error: that of a ratio of means, so that scores of one sample may depend on each other (Cochran 1977,
    "Sampling Techniques", section 6.4). Interval: the normal one, cut to 0-1.
    """
    total, n = sum(map(len, clusters)), len(clusters)
    mean = math.fsum(math.fsum(scores) for scores in clusters) / total
    if n < 2:
        return Estimate(mean, uncertainty_absent=TOO_FEW)
    spread = math.fsum((math.fsum(scores) - mean * len(scores)) ** 2 for scores in clusters)
    stderr = math.sqrt(spread * n / (n - 1)) / total
    return Estimate(mean, stderr, _normal(mean, stderr))


def wilson(p: float, n: int) -> tuple[float, float]:
    """Return Wilson's 95 % score interval of a proportion (Wilson 1927, JASA 22:209-212)."""
    spread = Z95 * math.sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2))
    centre, scale = p + Z95**2 / (2 * n), 1 + Z95**2 / n
    # At the ends the bound is exact; computed, it would be off by the last bit.
    return (centre - spread) / scale if p > 0 else 0.0, (centre + spread) / scale if p < 1 else 1.0


def _normal(mean: float, stderr: float) -> tuple[float, float]:
    return max(0.0, mean - Z95 * stderr), min(1.0, mean + Z95 * stderr)
