"""Where the answers of models lie between runs and their parts, and the table that holds them."""

from __future__ import annotations

from pathlib import Path

_FOLDER = "answers"
_COLUMNS = (
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
)
SCHEMA = (
    f"CREATE TABLE IF NOT EXISTS answers ({', '.join(_COLUMNS)})",
    "CREATE UNIQUE INDEX IF NOT EXISTS answers_by_key ON answers (key, number)",
    "CREATE INDEX IF NOT EXISTS answers_by_use ON answers (used_at, size)",
)


def folder(state_dir: Path) -> Path:
    """Return the folder of all answers; `state_dir` is the settings'."""
    return state_dir / _FOLDER


def run_file(state_dir: Path, run_id: str) -> Path:
    """Return the file of a run: the ledger of its jobs while it is live, and its answers."""
    return folder(state_dir) / f"{run_id}.sqlite"


def shared_file(state_dir: Path) -> Path:
    """Return the file of the answers that runs with `cache: shared` have in common."""
    return folder(state_dir) / "shared.sqlite"
