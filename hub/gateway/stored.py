"""The answers on disk: found by key and number, kept until those used longest ago must make room."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from typing import Any, NamedTuple

from hub.gateway.call import Headers
from hub.gateway.database import Database

_LARGE = 256 << 10  # bytes of a body, above which it is read in the thread
_TOUCH_S = 3600.0  # `used_at` is exact to this, so that not every reading writes
_OVERHEAD = 200  # bytes of a row beside its body
_FREED = 0.1  # of the bound is free when room was made
_STEP = 100  # answers that are removed in one turn

_FIND = (
    "SELECT rowid, status, headers, tokens_in, tokens_out, used_at, "  # noqa: S608 - our own number
    f"CASE WHEN size <= {_LARGE} THEN body END FROM answers WHERE key = ? AND number = ?"
)
_BODY = "SELECT body FROM answers WHERE rowid = ?"
_KEEP = "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_TOUCH = "UPDATE answers SET used_at = ? WHERE rowid = ?"
_SIZE = f"SELECT coalesce(sum(size), 0) + {_OVERHEAD} * count(*) FROM answers"  # noqa: S608 - our own number
_OLDEST = "SELECT rowid, size FROM answers ORDER BY used_at LIMIT ?"
_REMOVE = "DELETE FROM answers WHERE rowid = ?"


class Place(NamedTuple):
    """What an answer is found by: the key of its request, and the how-manieth of its kind it answers."""

    key: bytes
    number: int


class Stored(NamedTuple):
    """An answer that was kept; a stream is one body."""

    status: int
    headers: Headers
    body: bytes
    tokens_in: int | None
    tokens_out: int | None


class Answers:
    """The table of answers, in a file that other processes may use at the same time."""

    def __init__(self, database: Database, max_bytes: int) -> None:
        """Use `database`, which has the table; more than `max_bytes` are not kept."""
        self._database = database
        self._max_bytes = max_bytes
        self._bytes = 0  # what nobody has counted yet
        self._closing = False
        self._work: asyncio.Task[None] | None = asyncio.ensure_future(self._make_room())

    async def find(self, place: Place) -> Stored | None:
        """Return the answer that is kept there; does not wait unless it is a large one.

        Raises:
            BooksError: the file cannot be read.
        """
        found = self._database.find(_FIND, place)
        if not found:
            return None
        row, status, headers, tokens_in, tokens_out, used_at, body = found[0]
        if body is None:
            large = await self._database.find_large(_BODY, (row,))
            if not large:  # it has made room meanwhile
                return None
            body = large[0][0]
        now = time.time()
        if now - used_at > _TOUCH_S:
            self._database.write(_TOUCH, (now, row))
        return Stored(status, _headers(headers), body, tokens_in, tokens_out)

    async def keep(self, place: Place, answer: Stored) -> Stored:
        """Return the answer that is kept there, durably: this one, or another that was quicker.

        Raises:
            BooksError: it cannot be written.
        """
        now, size = time.time(), len(answer.body)
        status, headers, body, *tokens = answer
        values = (*place, status, json.dumps(headers), *tokens, size, now, now, body)
        if await self._database.write_now(_KEEP, values, size).committed():
            self._add(size)
            return answer
        return await self.find(place) or answer

    async def aclose(self) -> None:
        """End what is done beside the calls; the database stays open."""
        self._closing = True
        if self._work is not None:
            await self._work

    def _add(self, size: int) -> None:
        self._bytes += size + _OVERHEAD
        if self._bytes > self._max_bytes and self._work is None:
            self._work = asyncio.ensure_future(self._make_room())

    async def _make_room(self) -> None:
        """Remove answers in small turns, between which others write; count anew, for others write here, too."""
        self._bytes = (await self._database.find_large(_SIZE, ()))[0][0]
        goal = self._bytes if self._bytes <= self._max_bytes else (1 - _FREED) * self._max_bytes
        while self._bytes > goal and not self._closing:
            freed = await self._database.in_thread(_remove_oldest)
            self._bytes -= freed
        self._work = None


def _remove_oldest(connection: sqlite3.Connection) -> int:
    """Remove a few answers and return how many bytes they had."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        rows = connection.execute(_OLDEST, (_STEP,)).fetchall()
        connection.executemany(_REMOVE, [(row,) for row, _ in rows])
    finally:
        connection.execute("COMMIT")
    return sum(size + _OVERHEAD for _, size in rows)


def _headers(text: str) -> Headers:
    pairs: list[Any] = json.loads(text)
    return tuple((name, value) for name, value in pairs)
