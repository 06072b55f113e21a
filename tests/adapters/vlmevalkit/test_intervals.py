"""Standard error and interval of a share of right answers, against numbers computed elsewhere."""

from __future__ import annotations

import pytest

from adapters.vlmevalkit.intervals import deviation, wilson


def test_the_standard_error_is_that_of_a_sample() -> None:
    assert deviation(0.75, 5) == pytest.approx((0.75 * 0.25 / 4) ** 0.5)
    assert deviation(1.0, 1) is None


@pytest.mark.parametrize(
    ("share", "count", "interval"),
    [
        (0.0, 10, (0.0, 0.27753)),
        (0.5, 10, (0.23659, 0.76341)),
        (0.9, 200, (0.85059, 0.93433)),
        (1.0, 10, (0.72247, 1.0)),
    ],
)
def test_the_interval_is_wilson_s(share: float, count: int, interval: tuple[float, float]) -> None:
    assert wilson(share, count) == pytest.approx(interval, abs=1e-5)
