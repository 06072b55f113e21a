"""The gateway's files: the ledger of its calls, and the answers that it keeps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from hub import answers, ledger
from hub.gateway.config import Books
from hub.gateway.database import Database, Written
from hub.ledger import LedgerRow


class Ledger:
    """Where the rows of calls go."""

    def __init__(self, database: Database) -> None:
        """Write into `database`, which has the ledger's table."""
        self._database = database
        self._last: Written | None = None

    def write(self, job_id: str, row: LedgerRow) -> Written:
        """Make a row part of the next commit."""
        self._last = self._database.write(ledger.INSERT, ledger.values(job_id, row))
        return self._last

    async def settled(self) -> None:
        """Wait until every row is durable.

        Raises:
            BooksError: one never will be.
        """
        if self._last is not None:
            await self._last.committed()


@asynccontextmanager
async def open_books(books: Books, on_failure: Callable[[str], None]) -> AsyncIterator[Ledger]:
    """Open the files; `on_failure` hears when one cannot be written any more.

    Raises:
        BooksError: one cannot be written now.
    """
    database = Database(books.ledger, (*ledger.SCHEMA, *answers.SCHEMA), on_failure)
    try:
        yield Ledger(database)
    finally:
        await database.aclose()
