"""How sure a share of right answers is: standard error, and Wilson's interval."""

from __future__ import annotations

import math

_Z95 = 1.959963984540054


def deviation(share: float, count: int) -> float | None:
    """Return the standard error of a share of `count` right and wrong answers."""
    return math.sqrt(share * (1 - share) / (count - 1)) if count > 1 else None


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return Wilson's 95 % score interval of a proportion (Wilson 1927, JASA 22:209-212)."""
    spread = _Z95 * math.sqrt(share * (1 - share) / count + _Z95**2 / (4 * count**2))
    centre, scale = share + _Z95**2 / (2 * count), 1 + _Z95**2 / count
    # At the ends the bound is exact; computed, it would be off by the last bit.
    low = (centre - spread) / scale if share > 0 else 0.0
    return low, (centre + spread) / scale if share < 1 else 1.0
