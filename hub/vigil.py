"""Notices that a job gives no sign of life any more: it prints nothing, writes nothing, asks its model nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from hub.removal import entries_below

_LOOKS = 20  # in the time after which a silent job is given up


class Vigil:
    """Compares what files, and a count, say at one look with what they said at the one before.

    Changes count, not times: a clock that is set, or a job that dates its files, shall not decide.
    """

    def __init__(
        self,
        idle_s: float | None,
        watched: tuple[Path, ...],
        clock: Callable[[], float] = time.monotonic,
        count: Callable[[], int] = lambda: 0,
    ) -> None:
        """Watch files, folders with all that is in them, and a count; `idle_s` None is never over."""
        self._idle_s = idle_s
        self._watched = watched
        self._clock = clock
        self._count = count
        self._seen = (0, 0, 0, 0)
        self._changed_at = self._looked_at = clock()

    def is_over(self) -> bool:
        """Return whether nothing has changed for too long; looks only now and then."""
        if self._idle_s is None:
            return False
        now = self._clock()
        if now - self._looked_at >= self._idle_s / _LOOKS:
            self._look(now)
        return now - self._changed_at >= self._idle_s

    def _look(self, now: float) -> None:
        self._looked_at = now
        seen = self._signature()
        if seen != self._seen:
            self._seen, self._changed_at = seen, now

    def _signature(self) -> tuple[int, int, int, int]:
        count = size = changed = 0
        for path in self._files():
            try:
                status = os.lstat(path)
            except OSError:  # it was there when its folder was read
                continue
            count, size, changed = count + 1, size + status.st_size, changed + status.st_mtime_ns
        return count, size, changed, self._count()

    def _files(self) -> Iterator[str]:
        for path in self._watched:
            yield str(path)
            yield from (entry.path for entry in entries_below(path))
