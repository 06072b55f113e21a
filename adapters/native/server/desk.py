"""Where requests wait for their answers: in the event loop, with a bound on how many are taken at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count

from adapters.native.server.errors import FailedError, UnavailableError
from adapters.native.server.work import Progress, Work
from adapters.native.server.worker import Worker


class Taken:
    """The works of one request, each under its number in the request."""

    def __init__(self, keys: dict[int, int], worker: Worker) -> None:
        """Hold them; `keys`: the worker's number of each."""
        self.open = keys
        self.arrived: asyncio.Queue[Progress] = asyncio.Queue()
        self._worker = worker

    async def next(self) -> tuple[int, Progress]:
        """Wait for what comes next of a work that is open; one that ended with it is open no more.

        Raises:
            FailedError: the model failed.
        """
        while True:
            progress = await self.arrived.get()
            number = self.open.get(progress.key)
            if number is None:
                continue  # of a work that was dropped
            if progress.error:
                raise FailedError(progress.error)
            if progress.ended:
                del self.open[progress.key]
            return number, progress

    def drop(self, number: int) -> None:
        """Have a work computed no further; one that has ended is no error."""
        for key in [key for key, other in self.open.items() if other == number]:
            del self.open[key]
            self._worker.cancel(key)


class Desk:
    """Gives works to the worker and sorts what it tells by request; used in the event loop alone."""

    def __init__(self, *, most: int) -> None:
        """Take `most` works at once."""
        self._loop = asyncio.get_running_loop()
        self._most = most
        self._numbers = count()
        self._waiting: dict[int, Taken] = {}
        self.lost = ""  # why the model is gone
        self.worker = Worker(self._tell)

    @property
    def under_way(self) -> int:
        """Return how many works are being computed or wait for it."""
        return sum(len(taken.open) for taken in set(self._waiting.values()))

    @contextmanager
    def take(self, works: Sequence[Work]) -> Iterator[Taken]:
        """Have works computed; those that are open in the end are computed no further.

        Raises:
            UnavailableError: there is no room for them now.
            FailedError: the model is gone.
        """
        if self.lost:
            raise FailedError(self.lost)
        busy = self.under_way
        if busy and busy + len(works) > self._most:
            reason = f"{busy} answers are under way, and {self._most} is the most: try again later"
            raise UnavailableError(reason, code="overloaded")
        keys = {next(self._numbers): number for number in range(len(works))}
        taken = Taken(dict(keys), self.worker)
        self._waiting |= dict.fromkeys(keys, taken)
        for key, number in keys.items():
            self.worker.add(key, works[number])
        try:
            yield taken
        finally:
            for number in list(taken.open.values()):
                taken.drop(number)
            for key in keys:
                del self._waiting[key]

    def lose(self, reason: str) -> None:
        """Fail all that waits, and all that comes: the model is gone."""
        self.lost = reason
        for key, taken in self._waiting.items():
            taken.arrived.put_nowait(Progress(key, error=reason))

    def _tell(self, found: Sequence[Progress]) -> None:
        self._loop.call_soon_threadsafe(self._sort, tuple(found))

    def _sort(self, found: Sequence[Progress]) -> None:
        for progress in found:
            if taken := self._waiting.get(progress.key):
                taken.arrived.put_nowait(progress)
