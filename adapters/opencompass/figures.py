"""OpenCompass's numbers: which of a result's are scores, in which order, of which unit, and how they are averaged."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

Unit = Literal["percent", "score", "count"]

# The order of OpenCompass's own summary: the first of them that a result has is its headline.
_ORDER = (
    *("score", "auc_score", "accuracy", "humaneval_pass@1", "rouge1", "avg_toxicity_score", "bleurt_diff"),
    *("matthews_correlation", "truth", "f1", "exact_match", "extract_rate"),
)
_NO_SCORES = frozenset({"bp", "sys_len", "ref_len", "type", "details"})
_PERCENT = ("accuracy", "score", "humaneval_pass@", "rouge", "extract_rate")
_COUNTS = frozenset({"pass", "timeout", "failed", "wrong_answer"})
_LOW_IS_GOOD = frozenset({"timeout", "failed", "wrong_answer", "correct_bpb", "avg_toxicity_score"})
Z95 = 1.959963984540054


class Figure(NamedTuple):
    """One number as OpenCompass wrote it; `maximum` is None where it has none."""

    name: str
    literal: str
    unit: Unit
    maximum: float | None
    higher_is_better: bool

    @property
    def value(self) -> float | None:
        """Return the number in 0-1 where it has a maximum."""
        number = float(self.literal)
        return number / self.maximum if self.maximum is not None and math.isfinite(number) else None


def figures(result: Mapping[str, object]) -> list[Figure]:
    """Return the scores of a result whose numbers were kept as their literal texts, the headline first.

    OpenCompass writes no text among its scores that looks like a number.
    """
    found = [_figure(name, str(literal)) for name, literal in result.items() if _is_score(name, literal)]
    return sorted(found, key=lambda figure: _rank(figure.name))


def mean(values: Sequence[float], weights: Sequence[float] | None = None) -> float:
    """Return a mean as OpenCompass computes it: to the last digit, also where another order would round otherwise."""
    if weights is None:
        return sum(values) / len(values)
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)


def deviation(share: float, count: int) -> float | None:
    """Return the standard error of a share of `count` right and wrong answers."""
    return math.sqrt(share * (1 - share) / (count - 1)) if count > 1 else None


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return Wilson's 95 % score interval of a proportion (Wilson 1927, JASA 22:209-212)."""
    spread = Z95 * math.sqrt(share * (1 - share) / count + Z95**2 / (4 * count**2))
    centre, scale = share + Z95**2 / (2 * count), 1 + Z95**2 / count
    # At the ends the bound is exact; computed, it would be off by the last bit.
    low = (centre - spread) / scale if share > 0 else 0.0
    return low, (centre + spread) / scale if share < 1 else 1.0


def _is_score(name: str, literal: object) -> bool:
    if name in _NO_SCORES or not isinstance(literal, str):
        return False
    try:
        return math.isfinite(float(literal))
    except ValueError:
        return False


def _figure(name: str, literal: str) -> Figure:
    better = name not in _LOW_IS_GOOD
    if name in _COUNTS:
        return Figure(name, literal, "count", None, better)
    if name.startswith(_PERCENT) and 0 <= float(literal) <= 100:
        return Figure(name, literal, "percent", 100.0, better)
    return Figure(name, literal, "score", None, better)


def _rank(name: str) -> int:
    return _ORDER.index(name) if name in _ORDER else len(_ORDER)
