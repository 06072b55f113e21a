"""Ending what takes too long by a timer, where asyncio.wait_for would start a task for every call and every piece."""

from __future__ import annotations

import asyncio
import sys
from types import TracebackType


class Deadline:
    """A context manager: raises asyncio.TimeoutError when the block is not over by a time of the event loop's.

    As asyncio.timeout_at of Python 3.11, for one that has not got it.
    """

    def __init__(self, until: float) -> None:
        """Set the time; one that has passed ends the block where it first waits."""
        self._until = until
        self._expired = False

    def __enter__(self) -> None:
        """Start the timer."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for mypy: a coroutine runs in a task
        self._task = task
        self._cancelled_before = _cancellations(task)
        self._timer = asyncio.get_running_loop().call_at(self._until, self._expire)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stop the timer; tell its own cancellation from another's."""
        self._timer.cancel()
        if not self._expired:
            return
        if sys.version_info >= (3, 11):
            self._task.uncancel()
        if kind is asyncio.CancelledError and _cancellations(self._task) <= self._cancelled_before:
            raise asyncio.TimeoutError from error

    def _expire(self) -> None:
        self._expired = True
        self._task.cancel()


def _cancellations(task: asyncio.Task[object]) -> int:
    """Return how often a task was told to end; Python 3.10 does not count."""
    if sys.version_info >= (3, 11):
        return task.cancelling()
    return 0
