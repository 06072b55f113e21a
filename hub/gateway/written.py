"""A statement on its way to the disk, and whoever waits for it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import Any

Values = Sequence[Any]


class BooksError(Exception):
    """What must be kept cannot be written: nothing may be delivered any more."""


class Written:
    """A statement on its way to the disk."""

    __slots__ = ("_changed", "_error", "_values", "_waiting", "awaited", "statement")

    def __init__(self, statement: str, values: Values, *, awaited: bool = False) -> None:
        """Begin with nothing done; one that is `awaited` has not happened where it is not written."""
        self.statement = statement
        self.awaited = awaited
        self._values = values
        self._changed: int | None = None
        self._error: BooksError | None = None
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def durable(self) -> bool:
        """Return whether it is on disk."""
        return self._changed is not None

    async def committed(self) -> int:
        """Wait until it is durable; return how many rows it changed.

        Raises:
            BooksError: it never will be.
        """
        while self._changed is None:
            if self._error is not None:
                raise self._error
            waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiting)
            await waiting
        return self._changed

    def carry_out(self, connection: sqlite3.Connection) -> int:
        """Execute it and return how many rows it changed."""
        return connection.execute(self.statement, self._values).rowcount

    def settle(self, outcome: int | BooksError) -> None:
        """Tell whoever waits for it, and let its values go: they may be large."""
        self._values = ()
        if isinstance(outcome, BooksError):
            self._error = outcome
        else:
            self._changed = outcome
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
