"""A job's ledger in its folder: what the gateway wrote down, what its runner did, and what earlier starts left."""

from __future__ import annotations

from pathlib import Path

from hub.ledger import FILE, LedgerRow, read_rows, read_runner_rows, write_ledger
from hub.settings import Settings


def state_file(settings: Settings, run_id: str) -> Path:
    """Return where the gateway of a run writes down its calls and keeps its answers."""
    return settings.state_dir / "answers" / f"{run_id}.sqlite"


def forget(file: Path) -> None:
    """Remove a run's state file and what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        file.with_name(f"{file.name}{suffix}").unlink(missing_ok=True)


def export_ledger(folder: Path, job_id: str, state_file: Path, session: int) -> tuple[LedgerRow, ...]:
    """Write ledger.sqlite of a job that has ended, all its starts in order, and return its rows.

    Of a start that the run's state file does not know (it is on another machine), what was exported then stays.

    Args:
        folder: of the job.
        job_id: its name in the state file.
        state_file: where the gateway writes down the calls of the whole run.
        session: which start has ended.
    """
    gathered = [*read_rows(state_file, job_id), *read_runner_rows(folder / "output", session)]
    known = {row.session for row in gathered}
    earlier = [row for row in read_rows(folder / FILE) if row.session not in known | {session}]
    rows = tuple(sorted((*earlier, *gathered), key=lambda row: row.session))
    if rows or (folder / FILE).exists():
        write_ledger(folder / FILE, job_id, rows)
    return rows
