"""The answers on disk: found by key and number, kept until those used longest ago must make room."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Awaitable, Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

from hub.gateway.call import Headers
from hub.gateway.database import Database

_LARGE = 256 << 10  # bytes of a body, above which it is read in the thread
_TOUCH_S = 3600.0  # when an answer was used is exact to this, so that not every reading writes
_FREED = 0.1  # of the bound is free when room was made
_STEP = 100  # answers, or so many bytes of them, are removed in one turn
_STEP_BYTES = 16 << 20
_BYTES_PER_LOOK = 8 << 20  # are kept between two looks at the size of the file

_FIND = (
    "SELECT status, headers, tokens_in, tokens_out, used_at, size, "  # noqa: S608 - our own number
    f"CASE WHEN size <= {_LARGE} THEN body END FROM answers WHERE key = ? AND number = ?"
)
_BODY = "SELECT body FROM answers WHERE key = ? AND number = ?"
_KEEP = "INSERT OR IGNORE INTO answers VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_TOUCH = "UPDATE answers SET used_at = ?, turn = (SELECT max(turn) + 1 FROM answers) WHERE key = ? AND number = ?"
_OLDEST = "SELECT turn, size FROM answers ORDER BY turn LIMIT ?"
_REMOVE = "DELETE FROM answers WHERE turn <= ?"
_SIZES = ("page_size", "page_count", "freelist_count")


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


async def _at_once(_size: int) -> None:
    """Wait for nothing."""


class Answers:
    """The table of answers, in a file that other processes may use at the same time."""

    def __init__(self, database: Database, max_bytes: int) -> None:
        """Use `database`, which has the table; the file is not to be larger than `max_bytes`."""
        self._database = database
        self._max_bytes = max_bytes
        self._since_look = 0
        self._closing = False
        self._work: asyncio.Task[None] | None = None
        self._look()

    async def find(self, place: Place, admit: Callable[[int], Awaitable[None]] = _at_once) -> Stored | None:
        """Return the answer that is kept there; does not wait unless it is a large one.

        Args:
            place: of the answer.
            admit: waits until so many bytes may be read.

        Raises:
            BooksError: the file cannot be read.
        """
        found = self._database.find(_FIND, place)
        if not found:
            return None
        status, headers, tokens_in, tokens_out, used_at, size, body = found[0]
        if body is None:
            await admit(size)
            large = await self._database.find_large(_BODY, place)
            if not large:  # it has made room meanwhile
                return None
            body = large[0][0]
        now = time.time()
        if now - used_at > _TOUCH_S:
            self._database.write(_TOUCH, (now, *place))
        return Stored(status, _headers(headers), body, tokens_in, tokens_out)

    async def keep(self, place: Place, answer: Stored) -> Stored:
        """Return the answer that is kept there, durably: this one, or another that was quicker.

        Raises:
            BooksError: it cannot be written.
        """
        now, size = time.time(), len(answer.body)
        status, headers, body, *tokens = answer
        values = (*place, status, _text(headers), *tokens, size, now, now, body)
        kept = await self._database.write_now(_KEEP, values, size).committed()
        if not kept:
            return await self.find(place) or answer
        self._since_look += size
        if self._since_look > _BYTES_PER_LOOK:
            self._look()
        return answer

    async def aclose(self) -> None:
        """End what is done beside the calls; the database stays open."""
        self._closing = True
        if self._work is not None:
            await self._work

    def _look(self) -> None:
        self._since_look = 0
        if self._work is None and self._size() > self._max_bytes:
            self._work = asyncio.ensure_future(self._make_room())

    async def _make_room(self) -> None:
        """Remove answers in small turns, between which others write."""
        goal = (1 - _FREED) * self._max_bytes
        while not self._closing and (excess := self._size() - goal) > 0:
            work = partial(_remove_oldest, most_bytes=min(excess, _STEP_BYTES))
            if not await self._database.in_thread(work):
                break
        self._work = None

    def _size(self) -> int:
        """Return the bytes of the file that are in use; what was freed is used again before it grows."""
        page, count, free = (self._database.find(f"PRAGMA {name}")[0][0] for name in _SIZES)
        return int(page * (count - free))


def _remove_oldest(connection: sqlite3.Connection, *, most_bytes: float) -> int:
    """Remove a few answers and return how many."""
    last = 0
    for turn, size in connection.execute(_OLDEST, (_STEP,)).fetchall():
        last, most_bytes = turn, most_bytes - size
        if most_bytes <= 0:
            break
    return connection.execute(_REMOVE, (last,)).rowcount


@lru_cache(256)  # there are few
def _text(headers: Headers) -> str:
    return json.dumps(headers)


@lru_cache(256)
def _headers(text: str) -> Headers:
    pairs: list[Any] = json.loads(text)
    return tuple((name, value) for name, value in pairs)
