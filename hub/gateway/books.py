"""The gateway's files: the ledger of its calls, and the answers that it keeps."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Container, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from hub import answers, ledger
from hub.gateway.config import Books
from hub.gateway.database import Database
from hub.gateway.reserve import Reserve
from hub.gateway.stored import Answers
from hub.gateway.written import BooksError, Written
from hub.ledger import LedgerRow
from hub.text import count_of

_MOST_KEYS = 16_384  # whose numbers are in memory; those of others are looked up
_BEGUN = "SELECT 1 FROM calls WHERE job = ? AND session = ? LIMIT 1"
_USED = "SELECT number FROM calls WHERE job = ? AND session = ? AND key = ? AND delivered AND outcome = 'ok'"


class Used:
    """The numbers of one key that one start of a job has used up."""

    __slots__ = ("_below", "_others", "written")

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        """Begin with `numbers`."""
        self.written: Written | None = None  # the last row that used one
        self._below = 0  # all below this are used
        self._others: frozenset[int] = frozenset()  # mostly empty, which takes no memory
        for number in numbers:
            self.add(number)

    def add(self, number: int) -> None:
        """Use a number up."""
        if number != self._below:
            self._others |= {number}
            return
        self._below += 1
        while self._below in self._others:
            self._others -= {self._below}
            self._below += 1

    def next(self, taken: Container[int]) -> int:
        """Return the lowest number that is neither used nor taken."""
        number = self._below
        while number in self._others or number in taken:
            number += 1
        return number


class Ledger:
    """Where the rows of calls go, and which numbers they have used up."""

    def __init__(self, database: Database) -> None:
        """Write into `database`, which has the ledger's table."""
        self._database = database
        self._last: Written | None = None
        self._used: OrderedDict[tuple[str, int, str], Used] = OrderedDict()
        self._known: dict[tuple[str, int], bool] = {}  # whether all of a start's used numbers are in memory
        self._indexed = False

    def write(self, job_id: str, row: LedgerRow) -> None:
        """Make a row part of the next commit; a success that was delivered uses its number up."""
        self._last = self._database.write(ledger.INSERT, ledger.values(job_id, row))
        if row.outcome == "ok" and row.delivered and (used := self._used.get((job_id, row.session, row.key))):
            used.add(row.number)
            used.written = self._last

    def used(self, job_id: str, session: int, key: str) -> Used | None:
        """Return the numbers that a start of a job has used up of a key; None where they must be looked up."""
        name = (job_id, session, key)
        used = self._used.get(name)
        if used is not None:
            self._used.move_to_end(name)
        elif self._knows(name[:2]):
            used = self._remember(name, Used())
        return used

    async def look_up(self, job_id: str, session: int, key: str) -> Used:
        """Return the numbers that a start of a job has used up of a key that was asked long ago."""
        name = (job_id, session, key)
        if not self._indexed:
            await self._database.in_thread(_make_index)
            self._indexed = True
        return self._used.get(name) or self._remember(name, self._found(name))

    async def settled(self) -> None:
        """Wait until every row is durable.

        Raises:
            BooksError: one never will be.
        """
        if self._last is not None:
            await self._last.committed()

    def _knows(self, start: tuple[str, int]) -> bool:
        known = self._known.get(start)
        if known is None:
            known = self._known[start] = not self._database.find(_BEGUN, start)
        return known

    def _remember(self, name: tuple[str, int, str], used: Used) -> Used:
        self._used[name] = used
        if len(self._used) > _MOST_KEYS:
            self._forget_one()
        return used

    def _found(self, name: tuple[str, int, str]) -> Used:
        return Used(sorted(number for (number,) in self._database.find(_USED, name)))

    def _forget_one(self) -> None:
        """Forget the key that was asked longest ago, unless its last row is not yet where it can be looked up."""
        name, used = next(iter(self._used.items()))
        if used.written is None or used.written.durable:
            del self._used[name]
            self._known[name[:2]] = self._known[name[:2]] and used.written is None


def _make_index(connection: sqlite3.Connection) -> None:
    connection.execute(ledger.BY_KEY)


class Open(NamedTuple):
    """The open books; no answers where none are kept."""

    ledger: Ledger
    answers: Answers | None


@asynccontextmanager
async def open_books(books: Books, on_failure: Callable[[str], None]) -> AsyncIterator[Open]:
    """Open the files; `on_failure` hears when one cannot be read or written any more, and what then is not in it.

    Raises:
        BooksError: one cannot be written now.
    """
    reserve = Reserve()
    async with AsyncExitStack() as stack:
        _take(reserve, books)
        stack.callback(reserve.give_back)
        run = Database(books.ledger, (*ledger.SCHEMA, *answers.SCHEMA), on_failure, reserve)
        stack.callback(_name_unwritten, run, on_failure)
        stack.push_async_callback(run.aclose)
        if books.answers is None:
            yield Open(Ledger(run), None)
            return
        kept = run
        if books.answers != books.ledger:
            kept = Database(books.answers, answers.SCHEMA, on_failure, reserve)
            stack.push_async_callback(kept.aclose)
        table = Answers(kept, books.max_bytes)
        stack.push_async_callback(table.aclose)
        yield Open(Ledger(run), table)


def _take(reserve: Reserve, books: Books) -> None:
    try:
        reserve.take(books.ledger.parent)
    except OSError as error:
        raise BooksError(f"nothing can be written in {books.ledger.parent}: {error.strerror}") from error


def _name_unwritten(run: Database, on_failure: Callable[[str], None]) -> None:
    if lost := run.unwritten.count(ledger.INSERT):
        on_failure(f"{count_of(lost, 'call')} could not be written down, so the usage that is reported is too low")
