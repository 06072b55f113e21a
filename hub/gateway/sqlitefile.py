"""What is done to a SQLite file with a write-ahead log: opened, written in one commit, its log copied, closed."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hub.gateway.written import Values, Written

_COPY_WAIT_S = 0.1
_PREPARE_S = 30.0
_PAUSE_S = 0.005


def connect(file: Path, wait_s: float) -> sqlite3.Connection:
    """Open a connection that waits so long for other processes."""
    connection = sqlite3.connect(file, timeout=wait_s, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")  # it would sync the disk in the middle of a commit
    return connection


def prepare(connection: sqlite3.Connection, schema: Iterable[str]) -> None:
    """Make the file what it is to be; others may do so at the same time."""
    until = time.monotonic() + _PREPARE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError:  # this one does not wait by itself while another process makes the file
            if time.monotonic() > until:
                raise
            time.sleep(_PAUSE_S)
    for statement in schema:
        connection.execute(statement)


def find(connection: sqlite3.Connection, query: str, values: Values) -> list[Any]:
    """Return the rows that a query finds."""
    return connection.execute(query, values).fetchall()


def carry_out(connection: sqlite3.Connection, batch: list[Written], *, begin: bool = False) -> list[int]:
    """Commit statements together and return how many rows each changed; `begin` where nobody has begun yet."""
    try:
        if begin:
            connection.execute("BEGIN IMMEDIATE")
        changed = [written.carry_out(connection) for written in batch]
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return changed


def copy(connection: sqlite3.Connection, way: str, wait_s: float) -> None:
    """Copy the write-ahead log; where somebody reads or writes the file just now, the next time will do.

    Args:
        connection: one that waits `wait_s` for others otherwise.
        way: SQLite's word for how.
        wait_s: see above.
    """
    wait_at_most(connection, _COPY_WAIT_S)
    try:
        connection.execute(f"PRAGMA wal_checkpoint({way})").fetchone()
    except sqlite3.OperationalError:
        pass
    finally:
        wait_at_most(connection, wait_s)


def close(connection: sqlite3.Connection) -> None:
    """Close a connection; the file then is whole without its log, unless others still use it."""
    copy(connection, "TRUNCATE", 0)
    connection.close()


def wait_at_most(connection: sqlite3.Connection, seconds: float) -> None:
    """Set for how long a connection waits for other processes."""
    connection.execute(f"PRAGMA busy_timeout = {seconds * 1000:.0f}")
