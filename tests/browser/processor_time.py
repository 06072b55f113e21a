"""Processor time that the browser takes: a busy machine makes everything last longer, and costs hardly more of it."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def taken() -> dict[int, float]:
    """Return how many seconds each process that comes from this one has taken so far, by its number."""
    parents, seconds = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_bytes().rpartition(b")")[2].split()
        except OSError:  # it has ended
            continue
        pid = int(path.parent.name)
        parents[pid] = int(fields[1])
        seconds[pid] = (int(fields[11]) + int(fields[12])) / _TICKS
    return {pid: spent for pid, spent in seconds.items() if _is_ours(pid, parents)}


def taken_since(before: dict[int, float]) -> float:
    """Return how many seconds all of them have taken since then."""
    return sum(spent - before.get(pid, 0.0) for pid, spent in taken().items())


def _is_ours(pid: int, parents: dict[int, int]) -> bool:
    while parent := parents.get(pid):
        if parent == os.getpid():
            return True
        pid = parent
    return False
