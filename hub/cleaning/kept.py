"""The answers of models that are kept for runs to go on with: whose they are, what they save, and their removal."""

from __future__ import annotations

import math
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from hub import answers
from hub.cleaning.folder import alone
from hub.cleaning.holding import holding
from hub.cleaning.live import Live
from hub.errors import EvaldockError, RunError
from hub.lockfile import is_held
from hub.runs import RunFolder, open_run, shown_state
from hub.settings import Settings

SHARED = "shared"
GONE = "gone"
_LIVE = "it is live"
_WAIT_S = 30.0


@dataclass(frozen=True)
class Kept:
    """The answers of one run, or those that runs share.

    Attributes:
        run: its id, or `shared`.
        state: the run's, `gone` where its folder is, "" for those shared.
        folder: of the run; None where it is not known or gone.
        answers, tokens: how many, and how many tokens these were, prompts and answers together.
        size: bytes that their removal frees (`hub.cleaning.holding`).
        used_at: seconds since the epoch.
        used_by: why they must stay now, empty where nothing uses them.
    """

    run: str
    file: Path
    state: str = ""
    task: str = ""
    folder: Path | None = None
    answers: int = 0
    tokens: int = 0
    size: int = 0
    used_at: float = 0.0
    used_by: str = ""

    @property
    def saves(self) -> bool:
        """Return whether a run can still go on with them."""
        return self.answers > 0 and self.state not in {"succeeded", GONE}


def kept_answers(settings: Settings, live: Live, *, unused_for_s: float = 0.0) -> tuple[Kept, ...]:
    """Return what is kept, the oldest use first, the shared ones last; runs without answers are left out.

    Of the shared ones only those count that were not used for so long: each has an age of its own.
    """
    files = sorted(answers.folder(settings.state_dir).glob("*.sqlite"))
    shared = answers.shared_file(settings.state_dir)
    mine = [_of_run(file, settings, live) for file in files if file != shared]
    found = [kept for kept in mine if kept.answers or kept.state == GONE]
    ordered = sorted(found, key=lambda kept: (kept.used_at, kept.run))
    return (*ordered, *_of_all(shared, live, unused_for_s))


def _of_run(file: Path, settings: Settings, live: Live) -> Kept:
    run_id, held = file.name.removesuffix(".sqlite"), holding(file)
    run = _find(run_id, settings)
    folder = run.path if run else None
    return Kept(
        run=run_id,
        file=file,
        state=shown_state(run) if run else GONE,
        task=run.record.task if run else "",
        folder=folder,
        answers=held.answers,
        tokens=held.tokens,
        size=held.size if run else answers.size_of(file),
        used_at=held.used_at or file.stat().st_mtime,
        used_by=_user(run_id, folder, live),
    )


def _of_all(file: Path, live: Live, unused_for_s: float) -> Iterator[Kept]:
    held = holding(file, _used_until(unused_for_s)) if file.is_file() else None
    if held and held.answers:
        used_by = next((f"run {name} is live and may use them" for name in sorted(live.runs.values())), "")
        yield Kept(SHARED, file, used_by=used_by, **held._asdict())


def _used_until(unused_for_s: float) -> float:
    return time.time() - unused_for_s if unused_for_s else math.inf


def _find(run_id: str, settings: Settings) -> RunFolder | None:
    """Return the run: where it was when it began, else in the folder of runs."""
    link = answers.link_to_run(settings.state_dir, run_id)
    for folder in (link, settings.runs_dir / run_id):
        try:
            run = open_run(folder.resolve())
        except RunError:
            continue
        if run.record.run_id == run_id:
            return run
    return None


def _user(run_id: str, folder: Path | None, live: Live) -> str:
    held = run_id in live.runs.values() or (folder is not None and is_held(folder / ".lock"))
    return _LIVE if held else ""


def clear(kept: Kept, settings: Settings, unused_for_s: float = 0.0) -> int:
    """Remove answers and return the bytes that this freed.

    The account of a run that can go on stays: its budget is that of all its starts. Of the shared answers those go
    that were not used for so long.

    Raises:
        EvaldockError: a run uses them, or the file cannot be written.
    """
    if kept.state == GONE:
        answers.remove(settings.state_dir, kept.run)
        return kept.size
    if kept.folder is None:
        return _emptied(kept.file, "DELETE FROM answers WHERE used_at <= ?", _used_until(unused_for_s))
    with alone(kept.folder / ".lock", _LIVE):
        return _emptied(kept.file, "DELETE FROM answers")


def _emptied(file: Path, statement: str, *values: float) -> int:
    before = answers.size_of(file)
    try:
        with closing(sqlite3.connect(file, timeout=_WAIT_S, isolation_level=None)) as connection:
            connection.execute(statement, values)
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error as error:
        raise EvaldockError(f"{file} cannot be written: {error}") from error
    return max(0, before - answers.size_of(file))
