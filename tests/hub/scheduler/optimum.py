"""The shortest schedule there is, by trying everything: which jobs start at each end, also none. For a few jobs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations

Job = tuple[int, int]  # GPUs, seconds


def shortest(jobs: tuple[Job, ...], gpus: int) -> int:
    """Return the length of the shortest schedule of jobs with whole seconds."""

    @cache
    def from_here(waiting: tuple[Job, ...], running: tuple[Job, ...]) -> int:
        """Return how long it takes from a moment on; `running` with the seconds that are left."""
        if not waiting:
            return max((seconds for _, seconds in running), default=0)
        free = gpus - sum(count for count, _ in running)
        best = 10**6
        for started in _subsets(waiting, free):
            now = tuple(sorted((*running, *started)))
            if not now:
                continue
            step = min(seconds for _, seconds in now)
            after = tuple((count, seconds - step) for count, seconds in now if seconds > step)
            best = min(best, step + from_here(_less(waiting, started), after))
        return best

    return from_here(tuple(sorted(jobs)), ())


def _subsets(jobs: tuple[Job, ...], free: int) -> Iterator[tuple[Job, ...]]:
    for size in range(len(jobs) + 1):
        for chosen in set(combinations(jobs, size)):
            if sum(count for count, _ in chosen) <= free:
                yield chosen


def _less(jobs: tuple[Job, ...], gone: tuple[Job, ...]) -> tuple[Job, ...]:
    left = list(jobs)
    for job in gone:
        left.remove(job)
    return tuple(left)
