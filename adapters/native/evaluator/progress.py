"""Tell the hub how far a data set is, a few times per second at most."""

from __future__ import annotations

import time

from adapters.runtime import job

INTERVAL_S = 0.2


class Progress:
    """Counts the samples of one data set."""

    def __init__(self, dataset: str, total: int) -> None:
        """Announce how many there are."""
        self._dataset, self._total = dataset, total
        self._done = self._errors = 0
        self._said_at = 0.0
        job.event("planned", dataset=dataset, total=total)

    def step(self, *, error: bool) -> None:
        """Count one more."""
        self._done += 1
        self._errors += error
        now = time.monotonic()
        if now - self._said_at >= INTERVAL_S or self._done == self._total:
            self._said_at = now
            job.event("progress", dataset=self._dataset, done=self._done, total=self._total, errors=self._errors)
