"""The ledger: one row per call of a job to a model. The gateway writes it, runners too, the hub sums it up."""

from __future__ import annotations

import errno
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal, get_args

from hub.files import open_untrusted
from hub.text import clean_all

FILE = "ledger.sqlite"  # in a job's folder
RUNNER_FILE = "ledger.jsonl"  # in a job's output: rows of a runner that loads the weights itself

Outcome = Literal[
    "ok",
    "invalid_request",
    "upstream_unreachable",
    "upstream_timeout",
    "upstream_error",
    "upstream_invalid",
    "upstream_down",
    "budget_spent",
    "gateway_error",
    "client_left",
]
OUTCOMES: frozenset[str] = frozenset(get_args(Outcome))


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One call; docs/gateway.md says what each column means.

    Attributes:
        session: which start of the job, from 1.
        at: arrival, seconds since the epoch.
        key: hash of the request in its scope, hexadecimal; empty where it was refused before it had one.
        number: its occurrence under that key, from 0.
        attempts: requests sent upstream.
        status: HTTP status that the client was told.
    """

    session: int
    at: float
    role: str
    dataset: str
    operation: str
    outcome: Outcome
    sample: str = ""
    key: str = ""
    number: int = 0
    upstream: str = ""
    model: str = ""
    attempts: int = 0
    status: int = 200
    error: str = ""
    waited_ms: float = 0.0
    latency_ms: float = 0.0
    ttft_ms: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cached: bool = False
    delivered: bool = True
    bytes_in: int = 0
    bytes_out: int = 0

    @property
    def failed(self) -> bool:
        """Return whether the client was told a failure, or left without its answer."""
        return self.outcome != "ok" or not self.delivered

    @property
    def asks_model(self) -> bool:
        """Return whether a model was to answer; the list of models is the server's."""
        return self.operation != "models"


COLUMNS = tuple(field.name for field in fields(LedgerRow))
_VALUES = attrgetter(*COLUMNS)
_FLAGS = (COLUMNS.index("cached"), COLUMNS.index("delivered"))  # SQLite keeps them as numbers
_KINDS: Mapping[str, tuple[type, ...]] = {
    "str": (str,),
    "Outcome": (str,),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
    "int | None": (int, type(None)),
    "float | None": (int, float, type(None)),
}
_TYPES = {"str": "TEXT", "int": "INTEGER", "int | None": "INTEGER", "bool": "INTEGER", "Outcome": "TEXT"}
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS calls (job TEXT NOT NULL, "
    + ", ".join(f"{field.name} {_TYPES.get(str(field.type), 'REAL')}" for field in fields(LedgerRow))
    + ")",
)
# The occurrences that a start of a job has used up. Keys come in no order: each would write a page of it, so it is
# made when it is first needed.
BY_KEY = "CREATE INDEX IF NOT EXISTS calls_by_key ON calls (job, session, key)"
INSERT = f"INSERT INTO calls VALUES ({', '.join('?' * (len(COLUMNS) + 1))})"  # noqa: S608 - only question marks


def values(job: str, row: LedgerRow) -> tuple[Any, ...]:
    """Return what INSERT takes."""
    return (job, *_VALUES(row))


def read_rows(file: Path, job: str | None = None) -> Iterator[LedgerRow]:
    """Yield the rows of a ledger in the order of their writing, those of one job where it is named.

    A file that is not there, or has no table yet, holds none.
    """
    if not file.is_file():
        return
    query = f"SELECT {', '.join(COLUMNS)} FROM calls" + (" WHERE job = ?" if job else "") + " ORDER BY rowid"  # noqa: S608 - our own names
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'calls'").fetchone():
            return
        for found in connection.execute(query, (job,) if job else ()):
            yield _stored(found)


def count_rows(file: Path, job: str) -> int:
    """Return how many calls of a job a ledger has by now; none where it cannot be read at this moment."""
    if not file.is_file():
        return 0
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=1)) as connection:
            return int(connection.execute("SELECT count(*) FROM calls WHERE job = ?", (job,)).fetchone()[0])
    except sqlite3.Error:
        return 0


def read_runner_rows(output: Path, session: int) -> Iterator[LedgerRow]:
    """Yield a runner's rows of its own calls, where it loads the weights; a line that is no row is passed over."""
    try:
        file = open_untrusted(output / RUNNER_FILE)
    except OSError:
        return
    with file:
        for line in file:
            row = _parsed(line, session)
            if row is not None:
                yield row


def write_ledger(file: Path, job: str, rows: Iterable[LedgerRow]) -> None:
    """Write a ledger of one job, in place of one that is there; `file` is never half written.

    Raises:
        OSError: it cannot be written: the disk is full, say.
    """
    new = file.with_name(f".{file.name}.new")
    new.unlink(missing_ok=True)
    try:
        _write_new(new, job, rows)
    except sqlite3.OperationalError as error:
        raise OSError(errno.EIO, str(error), str(file)) from error
    new.replace(file)


def _write_new(new: Path, job: str, rows: Iterable[LedgerRow]) -> None:
    with closing(sqlite3.connect(new)) as connection, connection:
        # No journal, no locks that outlast this: the folder may be on NFS.
        connection.execute("PRAGMA journal_mode = OFF")
        for statement in SCHEMA:
            connection.execute(statement)
        connection.executemany(INSERT, (values(job, row) for row in rows))


def to_plain(row: LedgerRow) -> dict[str, Any]:
    """Return a row as JSON-able data."""
    return asdict(row)


def _parsed(line: bytes, session: int) -> LedgerRow | None:
    """Return the row of a line that a job wrote, and so may hold anything."""
    try:
        row = _row({**clean_all(json.loads(line)), "session": session})
    except (ValueError, TypeError, RecursionError):
        return None
    return row if all(_fits(getattr(row, field.name), str(field.type)) for field in fields(row)) else None


def _fits(value: object, wanted: str) -> bool:
    if not isinstance(value, _KINDS[wanted]):
        return False
    return not isinstance(value, int | float) or 0 <= value < 1 << 53


def _stored(found: Sequence[Any]) -> LedgerRow:
    """Return the row of a ledger of ours: there may be a hundred thousand of them."""
    parts = list(found)
    for flag in _FLAGS:
        parts[flag] = bool(parts[flag])
    row = LedgerRow(*parts)
    if row.outcome not in OUTCOMES:
        raise ValueError(f"no outcome {row.outcome!r}")
    return row


def _row(found: Mapping[str, Any]) -> LedgerRow:
    known = {name: found[name] for name in COLUMNS if name in found}
    row = LedgerRow(**{**known, "cached": bool(known.get("cached")), "delivered": bool(known.get("delivered", True))})
    if row.outcome not in OUTCOMES:
        raise ValueError(f"no outcome {row.outcome!r}")
    return row
