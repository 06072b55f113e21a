"""How far a download or an unpacking is, told every few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable

from hub.text import show_duration, show_size

Tell = Callable[[str], None]

_EVERY_S = 5.0


class Meter:
    """Counts bytes from `done` on; `total` is None where nobody knows it."""

    def __init__(self, tell: Tell, done: int, total: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        """Tell nothing yet."""
        self._tell = tell
        self._clock = clock
        self._done = self._began = done
        self._total = total
        self._started = self._told = clock()

    def add(self, count: int) -> None:
        """Count bytes that have come, and tell where it is time to."""
        self._done += count
        now = self._clock()
        if now - self._told >= _EVERY_S:
            self._told = now
            self._tell(self._line(now - self._started))

    def _line(self, seconds: float) -> str:
        rate = (self._done - self._began) / seconds
        speed = f"{show_size(rate)}/s"
        if not self._total:
            return f"{show_size(self._done)}, {speed}"
        share = (
            f"{show_size(self._done)} of {show_size(self._total)} ({100 * self._done / self._total:.0f} %), {speed}"
        )
        left = max(0, self._total - self._done)
        return f"{share}, {show_duration(left / rate)} left" if left and rate else share
