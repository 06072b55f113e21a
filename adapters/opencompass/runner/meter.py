"""Tell the hub how far each data set is, a few times per second at most."""

from __future__ import annotations

import threading
import time
from collections import Counter

from adapters.runtime import job

_INTERVAL_S = 0.2


class Meter:
    """Counts the samples of every data set over its parts; threads may count at once."""

    def __init__(self) -> None:
        """Start with nothing planned."""
        self._lock = threading.Lock()
        self._total: Counter[str] = Counter()
        self._done: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._said_at = 0.0

    def plan(self, label: str, total: int) -> None:
        """Announce how many samples a data set has in all."""
        self._total[label] = total
        job.event("planned", dataset=label, total=total)

    def step(self, label: str, count: int = 1, *, errors: int = 0) -> None:
        """Count samples that were answered, or failed."""
        with self._lock:
            self._done[label] += count
            self._errors[label] += errors
            self._say(label)

    def done(self, label: str) -> int:
        """Return how many samples of a data set were counted."""
        return self._done[label]

    def scoring(self, label: str) -> None:
        """Say that a data set is at work again, being scored: should the job die now, it died there."""
        total = self._total[label]
        job.event("progress", dataset=label, done=total, total=total, errors=self._errors[label])

    def _say(self, label: str) -> None:
        now = time.monotonic()
        done, total = self._done[label], self._total[label]
        if now - self._said_at < _INTERVAL_S and done < total:
            return
        self._said_at = now
        job.event("progress", dataset=label, done=min(done, total), total=total, errors=self._errors[label])
