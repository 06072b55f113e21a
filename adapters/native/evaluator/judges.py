"""Score answers beside the asking where that takes long, as running a program does; results come to one thread."""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import NamedTuple, TypeVar

from adapters.native.evaluator.errors import EndedError
from adapters.native.evaluator.request import Outcome
from adapters.native.evaluator.score import Scored

T = TypeVar("T")
_MOST = 4  # each may need a program's whole memory
_LOOK_S = 0.2


class Judged(NamedTuple):
    """A scored answer under its request's number; `scored` None: it could not be judged, as `outcome` says."""

    number: int
    outcome: Outcome
    scored: Scored | None


class Beside(ABC):
    """Something that scores beside the asking: takes answers, and has what was scored taken from it."""

    all_done = "scored"

    def __init__(self) -> None:
        """Begin with nothing to score."""
        self._done: SimpleQueue[Judged | BaseException] = SimpleQueue()
        self._left = 0

    @abstractmethod
    def __exit__(self, *_: object) -> None:
        """Let go of what is left."""

    @abstractmethod
    def give(self, number: int, outcome: Outcome) -> None:
        """Take an answer to score."""

    def take(self) -> Iterator[Judged]:
        """Yield what was scored since the last time; raises what scoring raised."""
        for found in drained(self._done):
            yield self._checked(found)

    def take_rest(self, ended: Callable[[], bool]) -> Iterator[Judged]:
        """Yield all as it is scored; raises what scoring raised.

        Raises:
            EndedError: the job was told to end, as `ended` says, before all was scored.
        """
        while self._left:
            if ended():
                raise EndedError(f"the job was ended before all was {self.all_done}")
            try:
                found = self._done.get(timeout=_LOOK_S)
            except Empty:
                continue
            yield self._checked(found)

    def salvage(self) -> Iterator[Judged]:
        """Yield what was scored since the last time, without what could not be."""
        for found in drained(self._done):
            if isinstance(found, Judged):
                yield self._checked(found)

    def _checked(self, found: Judged | BaseException) -> Judged:
        self._left -= 1
        if isinstance(found, Judged):
            return found
        raise found


class Judges(Beside):
    """Scores by `score(number, outcome)` in threads of its own; a context manager, which lets go of what is left."""

    def __init__(self, score: Callable[[int, Outcome], Scored], *, threads: int | None = None) -> None:
        """Begin with nothing to score; `threads`: by the processors at hand unless given."""
        super().__init__()
        self._score = score
        self._most = threads or min(_MOST, len(os.sched_getaffinity(0)))
        self._threads: list[threading.Thread] = []
        self._given: SimpleQueue[tuple[int, Outcome] | None] = SimpleQueue()

    def __enter__(self) -> Judges:  # noqa: PYI034 - Self is newer than Python 3.10
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Begin nothing more; nobody waits for what is under way."""
        for _entry in drained(self._given):
            pass
        for _thread in self._threads:
            self._given.put(None)

    def give(self, number: int, outcome: Outcome) -> None:
        """Take an answer to score."""
        self._left += 1
        self._given.put((number, outcome))
        if len(self._threads) < self._most:
            # A daemon: the process ends without waiting for it, and what it has started ends with the process.
            self._threads.append(threading.Thread(target=self._work, daemon=True))
            self._threads[-1].start()

    def _work(self) -> None:
        while entry := self._given.get():
            self._done.put(self._scored(*entry))

    def _scored(self, number: int, outcome: Outcome) -> Judged | BaseException:
        try:
            return Judged(number, outcome, self._score(number, outcome))
        except BaseException as error:  # noqa: BLE001 - raised where results are taken
            return error


def drained(queue: SimpleQueue[T]) -> Iterator[T]:
    """Yield what is in a queue now."""
    with suppress(Empty):
        while True:
            yield queue.get_nowait()
