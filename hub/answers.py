"""Where the answers of models lie between runs and their parts, and the table that holds them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_FOLDER = "answers"
_WAIT_S = 5.0
_BESIDE = ("", "-wal", "-shm")
_COLUMNS = (
    "turn INTEGER PRIMARY KEY",  # rises with each use: the lowest was used longest ago
    "key BLOB NOT NULL",
    "number INTEGER NOT NULL",
    "status INTEGER NOT NULL",
    "headers TEXT NOT NULL",
    "tokens_in INTEGER",
    "tokens_out INTEGER",
    "size INTEGER NOT NULL",
    "stored_at REAL NOT NULL",
    "used_at REAL NOT NULL",
    "body BLOB NOT NULL",  # the last one: whoever reads the others never reads its pages
    # What is told of a file is told from its index: many GB of bodies lie between the rows. It is a constraint, and
    # always true: an index of its own would be made when a gateway opens a large file that has none.
    "UNIQUE (used_at, tokens_in, tokens_out, size, turn)",
)
SCHEMA = (
    f"CREATE TABLE IF NOT EXISTS answers ({', '.join(_COLUMNS)})",
    "CREATE UNIQUE INDEX IF NOT EXISTS answers_by_key ON answers (key, number)",
)


def folder(state_dir: Path) -> Path:
    """Return the folder of all answers; `state_dir` is the settings'."""
    return state_dir / _FOLDER


def run_file(state_dir: Path, run_id: str) -> Path:
    """Return the file of a run: the ledger of its jobs while it is live, and its answers."""
    return folder(state_dir) / f"{run_id}.sqlite"


def link_to_run(state_dir: Path, run_id: str) -> Path:
    """Return the link by which a run's folder is found from its answers, wherever it is."""
    return folder(state_dir) / f"{run_id}.run"


def belong_to(state_dir: Path, run_id: str, run_folder: Path) -> None:
    """Note whose answers these are: those of a run whose folder is gone are nobody's."""
    link = link_to_run(state_dir, run_id)
    link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(run_folder.resolve())


def remove(state_dir: Path, run_id: str) -> None:
    """Remove a run's file, what SQLite keeps beside it, and the link to the run."""
    file = run_file(state_dir, run_id)
    for name in (*(f"{file.name}{suffix}" for suffix in _BESIDE), link_to_run(state_dir, run_id).name):
        file.with_name(name).unlink(missing_ok=True)


def size_of(file: Path) -> int:
    """Return the bytes that a file of answers takes, with what SQLite keeps beside it."""
    found = (file.with_name(f"{file.name}{suffix}") for suffix in _BESIDE)
    return sum(path.stat().st_size for path in found if path.is_file())


def count(file: Path) -> int:
    """Return how many answers a file holds: none where it is not there, or cannot be read now."""
    if not file.is_file():
        return 0
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=rw", uri=True, timeout=_WAIT_S)) as connection:
            return int(connection.execute("SELECT count(*) FROM answers").fetchone()[0])
    except sqlite3.Error:
        return 0


def shared_file(state_dir: Path) -> Path:
    """Return the file of the answers that runs with `cache: shared` have in common."""
    return folder(state_dir) / "shared.sqlite"
