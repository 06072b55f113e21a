"""One SQLite file on the event loop: what is written in one iteration is one commit, and nothing long blocks.

A commit is durable against the death of the process, kill -9 too, as soon as it is in the write-ahead log; a power
failure may take the last moments, but never leaves a broken file. Once a commit has failed (the disk is full, say)
what somebody waits for is refused, and what has happened goes into the reserve.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from hub.gateway import sqlitefile
from hub.gateway.reserve import Reserve, told
from hub.gateway.written import BooksError, Values, Written

# Commits on the loop take some 50 us; a thread that writes makes every switch of threads cost up to 5 ms.
_LARGE = 256 << 10  # bytes; more than this is written in the thread
_LOOP_WAIT_S = 0.005  # for another process that writes
_THREAD_WAIT_S = 30.0
_LOG_BYTES = 64 << 20  # of the write-ahead log, above which it is copied into the file
_COMMITS_PER_LOOK = 64

T = TypeVar("T")


class Database:
    """A file that this process may share with others; belongs to the running loop.

    Attributes:
        unwritten: statements of what has happened, and could not be written for good.
    """

    def __init__(
        self, file: Path, schema: Iterable[str], on_failure: Callable[[str], None], reserve: Reserve
    ) -> None:
        """Open or make it, in a folder that exists.

        `on_failure` hears why something could not be written; `reserve` is given back then.

        Raises:
            BooksError: it cannot be written.
        """
        self.file = file
        self.unwritten: list[str] = []
        self._on_failure = on_failure
        self._reserve = reserve
        self._failure: BooksError | None = None  # of the first commit that failed
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, "database")
        self._turn = asyncio.Lock()  # held while the thread writes
        self._work: set[asyncio.Task[None]] = set()
        self._commits = 0
        self._batch: list[Written] = []
        self._called = False  # `_commit` will be called
        self._urgent = 0  # statements of this iteration that somebody waits for
        self._busy = False  # the last iteration had more than one
        try:
            os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))  # SQLite's own would be 0644
            self._there = sqlitefile.connect(file, _THREAD_WAIT_S)
            sqlitefile.prepare(self._there, schema)
            self._here = sqlitefile.connect(file, _LOOP_WAIT_S)
        except (OSError, sqlite3.Error) as error:
            raise BooksError(f"{file} cannot be written: {error}") from error

    def find(self, query: str, values: Values = ()) -> list[Any]:
        """Return the rows that a short query finds."""
        try:
            return self._here.execute(query, values).fetchall()
        except sqlite3.OperationalError:  # locked for a moment: a process that died in a commit is cleaned up after
            sqlitefile.wait_at_most(self._here, _THREAD_WAIT_S)
            try:
                return self._here.execute(query, values).fetchall()
            except sqlite3.Error as error:
                raise self._failed(error) from error
            finally:
                sqlitefile.wait_at_most(self._here, _LOOP_WAIT_S)

    async def find_large(self, query: str, values: Values) -> list[Any]:
        """Return the rows of a query whose rows are large."""
        work = partial(sqlitefile.find, self._there, query, values)
        try:
            return await self._loop.run_in_executor(self._thread, work)
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def write(self, statement: str, values: Values) -> Written:
        """Make a statement, which says what has happened, part of the commit that ends this iteration of the loop."""
        return self._add(Written(statement, values))

    def write_now(self, statement: str, values: Values, size: int) -> Written:
        """Commit a statement of `size` bytes that somebody waits for.

        The first one of a quiet time is committed at once; where there are many, those of an iteration wait for it.
        """
        written = Written(statement, values, awaited=True)
        if self._failure is not None:  # what room there may be is for what has happened
            written.settle(self._failure)
            return written
        if size > _LARGE:  # alone: nobody else should wait for it
            self._start(self._commit_in_thread([written]))
            return written
        self._add(written)
        self._urgent += 1
        if self._urgent == 1 and not self._busy:
            self._commit()
        return written

    async def in_thread(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` makes of a connection in a thread; nothing else of ours writes meanwhile."""
        async with self._turn:
            try:
                return await self._loop.run_in_executor(self._thread, work, self._there)
            finally:
                self._loop.call_soon(self._commit)

    async def aclose(self) -> None:
        """Write what is still to be written and close the file."""
        while self._batch or self._work:
            self._commit()
            await asyncio.gather(*self._work, asyncio.sleep(0))
        await self._loop.run_in_executor(self._thread, sqlitefile.close, self._there)
        self._here.close()
        self._thread.shutdown()

    def _add(self, written: Written) -> Written:
        self._batch.append(written)
        if not self._called:
            self._called = True
            self._loop.call_soon(self._end_iteration)
        return written

    def _end_iteration(self) -> None:
        self._called = False
        self._busy, self._urgent = self._urgent > 1, 0
        self._commit()

    def _commit(self) -> None:
        if self._turn.locked() or not self._batch:
            return  # whoever holds the file comes back here
        batch, self._batch = self._batch, []
        if not self._begun():
            self._start(self._commit_in_thread(batch))
            return
        try:
            changed = sqlitefile.carry_out(self._here, batch)
        except sqlite3.Error as error:
            self._fail(batch, error)
        else:
            self._finish(batch, changed)

    def _begun(self) -> bool:
        try:
            self._here.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:  # another process writes
            return False
        return True

    async def _commit_in_thread(self, batch: list[Written]) -> None:
        try:
            self._finish(batch, await self.in_thread(lambda there: sqlitefile.carry_out(there, batch, begin=True)))
        except sqlite3.Error as error:
            self._fail(batch, error)

    def _finish(self, batch: list[Written], changed: list[int]) -> None:
        for written, count in zip(batch, changed, strict=True):
            written.settle(count)
        self._commits += 1
        if self._commits % _COMMITS_PER_LOOK == 0 and not self._work and self._log_bytes() > _LOG_BYTES:
            self._start(self._copy_log())

    def _fail(self, batch: list[Written], error: sqlite3.Error) -> None:
        """Refuse what is waited for; try the rest once more, in the room that is given back for it."""
        first, failure = self._failure is None, self._failed(error)
        self._failure = self._failure or failure
        self._reserve.give_back()
        again = []
        for written in batch:
            if first and not written.awaited:
                again.append(written)
                continue
            written.settle(failure)
            if not written.awaited:
                self.unwritten.append(written.statement)
        self._batch = again + self._batch
        self._commit()

    def _failed(self, error: sqlite3.Error) -> BooksError:
        failure = BooksError(told(self.file, error))
        self._on_failure(str(failure))
        return failure

    def _log_bytes(self) -> int:
        try:
            return os.stat(f"{self.file}-wal").st_size  # noqa: PTH116 - a Path for each look would be dearer
        except FileNotFoundError:
            return 0

    async def _copy_log(self) -> None:
        """Copy the log into the file beside our commits, then, in a moment without any, the rest, and begin anew."""
        await self._loop.run_in_executor(self._thread, sqlitefile.copy, self._there, "PASSIVE", _THREAD_WAIT_S)
        await self.in_thread(lambda there: sqlitefile.copy(there, "RESTART", _THREAD_WAIT_S))

    def _start(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
