"""How long something took, by a clock that nobody sets: the wall's may jump while a job runs."""

from __future__ import annotations

import time


class Stopwatch:
    """When something began, by the wall's clock, and how long ago, by the machine's own."""

    def __init__(self, started_at: float | None = None) -> None:
        """Begin now; `started_at` is what the wall's clock showed, where the caller has read it."""
        self.started_at = time.time() if started_at is None else started_at
        self._began = time.monotonic()

    @property
    def now(self) -> float:
        """Return what the wall's clock would show had nobody set it since."""
        return self.started_at + time.monotonic() - self._began
