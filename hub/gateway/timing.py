"""A limit of time for a block of code, without a task of its own as `asyncio.wait_for` makes one for each call."""

from __future__ import annotations

import asyncio
import sys
from types import TracebackType


class until:  # noqa: N801 - read as a word: `with until(time):`
    """A context manager; what is still awaited in it at `time`, the event loop's, ends with asyncio.TimeoutError."""

    def __init__(self, time: float) -> None:
        """Begin when it is entered."""
        self._time = time
        self._late = False

    def __enter__(self) -> None:
        """Set the alarm."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for mypy: a coroutine runs in a task
        self._task = task
        self._alarm = asyncio.get_running_loop().call_at(self._time, self._cancel)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Take the alarm back, or say that it went off.

        Raises:
            asyncio.TimeoutError: it did, and nobody else cancelled the task.
        """
        self._alarm.cancel()
        if not self._late:
            return
        others = 0
        if sys.version_info >= (3, 11):
            others = self._task.uncancel()
        if kind is asyncio.CancelledError and not others:
            raise asyncio.TimeoutError from error

    def _cancel(self) -> None:
        self._late = True
        self._task.cancel()
