"""Score answers beside the asking where that takes long, as running a program does; results come to one thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import NamedTuple

from adapters.native.evaluator.errors import EndedError
from adapters.native.evaluator.request import Outcome
from adapters.native.evaluator.score import Scored

_MOST = 8  # each may need a program's whole memory
_LOOK_S = 0.2


class Judged(NamedTuple):
    """A scored answer under its request's number."""

    number: int
    outcome: Outcome
    scored: Scored


class Judges:
    """Scores by `score(index, outcome)` in threads of its own; a context manager, which lets go of what is left."""

    def __init__(self, score: Callable[[int, Outcome], Scored], *, threads: int | None = None) -> None:
        """Begin with nothing to score; `threads`: by the processors at hand unless given."""
        self._score = score
        self._pool = ThreadPoolExecutor(threads or min(_MOST, len(os.sched_getaffinity(0))))
        self._pending: dict[Future[Judged], int] = {}

    def __enter__(self) -> Judges:  # noqa: PYI034 - Self is newer than Python 3.10
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Begin nothing more; what is under way has its own time limit."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def give(self, index: int, outcome: Outcome) -> None:
        """Take an answer to score."""
        self._pending[self._pool.submit(lambda: Judged(index, outcome, self._score(index, outcome)))] = index

    def take(self) -> Iterator[Judged]:
        """Yield what was scored since the last time; raises what scoring raised."""
        for future in [future for future in self._pending if future.done()]:
            del self._pending[future]
            yield future.result()

    def take_rest(self, ended: Callable[[], bool]) -> Iterator[Judged]:
        """Yield all as it is scored; raises what scoring raised.

        Raises:
            EndedError: the job was told to end, as `ended` says, before all was scored.
        """
        while self._pending:
            if ended():
                raise EndedError("the job was ended before all was scored")
            wait(self._pending, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
            yield from self.take()

    def salvage(self) -> Iterator[Judged]:
        """Yield what was scored since the last time, without what could not be."""
        for future in [future for future in self._pending if future.done()]:
            del self._pending[future]
            if not future.cancelled() and future.exception() is None:
                yield future.result()
