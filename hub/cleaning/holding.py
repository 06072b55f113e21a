"""What a file of answers holds, and what of it stays when they go: told from an index, never from the bodies."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from hub import answers

_WAIT_S = 30.0
_SUMS = """
SELECT count(*), max(used_at), coalesce(sum(tokens_in), 0) + coalesce(sum(tokens_out), 0), coalesce(sum(size), 0)
FROM kept.answers WHERE used_at <= ?
"""
_TABLES = (
    "SELECT name FROM kept.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'answers'"
)
_STATEMENTS = "SELECT sql FROM kept.sqlite_master WHERE sql IS NOT NULL ORDER BY type DESC"  # tables before indexes


class Holding(NamedTuple):
    """What there is of answers.

    Attributes:
        used_at: of the one that was used last; 0 where there is none.
        tokens: of prompts and answers together.
        size: bytes that their removal frees: of all exactly so many, of a part at least so many.
    """

    answers: int = 0
    used_at: float = 0.0
    tokens: int = 0
    size: int = 0


def holding(file: Path, until: float = math.inf) -> Holding:
    """Return what a file holds that was last used until then: nothing where it cannot be read."""
    try:
        found, account, every = _read(file, until)
    except sqlite3.Error:
        return Holding()
    if found.answers < every:
        return found
    # Only now: whoever reads a file with a log makes others beside it, which are gone by now.
    return found._replace(size=max(0, answers.size_of(file) - account))


def _read(file: Path, until: float) -> tuple[Holding, int, int]:
    """Return the part that was asked for, the bytes of what else the file holds, and how many answers there are."""
    # Not read-only: the last reader of a file with a log takes away what it made beside it only if it may write.
    with closing(sqlite3.connect("file:", uri=True, timeout=_WAIT_S, isolation_level=None)) as rest:
        rest.execute("ATTACH ? AS kept", (f"{file.absolute().as_uri()}?mode=rw",))
        if not rest.execute("SELECT 1 FROM kept.sqlite_master WHERE name = 'answers'").fetchone():
            return Holding(), 0, 0
        count, used_at, tokens, size = rest.execute(_SUMS, (until,)).fetchone()
        every = count if until == math.inf else rest.execute("SELECT count(*) FROM kept.answers").fetchone()[0]
        account = _account_bytes(rest) if count and count == every else 0
    return Holding(count, used_at or 0.0, tokens, size), account, every


def _account_bytes(rest: sqlite3.Connection) -> int:
    """Return the bytes of the file without its answers: the rest is copied, and the copy measured."""
    for (statement,) in rest.execute(_STATEMENTS).fetchall():
        rest.execute(statement)
    for (table,) in rest.execute(_TABLES).fetchall():
        rest.execute(f"INSERT INTO main.{table} SELECT * FROM kept.{table}")  # noqa: S608 - our own names
    page, count = (rest.execute(f"PRAGMA main.{name}").fetchone()[0] for name in ("page_size", "page_count"))
    return int(page * count)
