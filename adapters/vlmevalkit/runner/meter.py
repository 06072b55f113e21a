"""Tell the hub how far the data set at work is, a few times per second at most."""

from __future__ import annotations

import threading
import time

from adapters.runtime import job

_INTERVAL_S = 0.2


class Meter:
    """Counts the samples of one data set; threads may count at once."""

    def __init__(self, label: str, total: int) -> None:
        """Announce how many samples there are."""
        self.label, self._total = label, total
        self._lock = threading.Lock()
        self._done = self._errors = 0
        self._said_at = 0.0
        job.event("planned", dataset=label, total=total)

    def step(self, count: int = 1, *, errors: int = 0) -> None:
        """Count samples that were answered, or failed."""
        with self._lock:
            self._done += count
            self._errors += errors
            now = time.monotonic()
            if now - self._said_at >= _INTERVAL_S or self._done >= self._total:
                self._said_at = now
                self._say(self._done)

    def scoring(self) -> None:
        """Say that the answers are being scored: should the job die now, it died there."""
        job.event("message", text=f"{self.label}: scoring {self._total} answers")
        self._say(self._total)

    def _say(self, done: int) -> None:
        done = min(done, self._total)
        job.event("progress", dataset=self.label, done=done, total=self._total, errors=self._errors)


def loading(label: str) -> None:
    """Say that the data of a data set are being loaded: should the job die now, it died there."""
    job.event("progress", dataset=label, done=0, total=0, errors=0)
