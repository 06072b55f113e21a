"""What an earlier start of the job has answered, taken over where a checkpoint would have to answer it again.

Behind the gateway nothing is lost: its cache has the answers, and the backend starts afresh. OpenCompass itself goes
on from the files that it finds, and does not look whether they are those of the same task; so we do.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from adapters.opencompass.contract import EXPERIMENT, STATUS_FILE, Task, dumps
from adapters.opencompass.runner.session import Session
from adapters.runtime import job
from adapters.runtime.ledger import FILE as LEDGER_FILE
from adapters.runtime.ledger import Call, Ledger

_PREDICTIONS = f"{EXPERIMENT}/predictions"


def task_digest(task: Task) -> str:
    """Return the SHA-256 of all that a job was told."""
    return hashlib.sha256(dumps(task).encode()).hexdigest()


def take_over(session: Session) -> None:
    """Copy the answers of the last start, count those of parts that it had finished, and account for all of them."""
    previous = job.path(job.PREVIOUS)
    if session.task.model.kind != "checkpoint" or not _is_same(previous / STATUS_FILE, session.task):
        return
    answers = session.output / _PREDICTIONS
    shutil.copytree(previous / _PREDICTIONS, answers, dirs_exist_ok=True)
    for file, held in session.parts.items():
        if (answers / session.task.model.name / f"{file}.json").is_file():
            session.meter.step(held.dataset.label, held.rows)
    with Ledger(session.output) as ledger:
        for call in _calls(previous / LEDGER_FILE, session):
            ledger.add(call)


def _calls(file: Path, session: Session) -> Iterator[Call]:
    """Yield the calls of the last start whose answers were saved, as calls that cost this one nothing."""
    answered = {name: _answered(name, session) for name in session.parts}
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        call = _parsed(line)
        name, _, row = call.sample.rpartition("/") if call else ("", "", "")
        if call and row.isdigit() and int(row) < answered.get(name, 0):
            yield call._replace(attempts=0, cached=True, waited_ms=0.0, latency_ms=0.0, ttft_ms=None)


def _answered(file: str, session: Session) -> int:
    """Return how many rows of a part, from its first on, have an answer of the last start."""
    held = session.parts[file]
    whole = session.output / _PREDICTIONS / session.task.model.name / f"{file}.json"
    return held.rows if whole.is_file() else session.answered(held)


def _parsed(line: str) -> Call | None:
    try:
        return Call(**json.loads(line))
    except (ValueError, TypeError):
        return None  # the last line of a process that was killed


def _is_same(status: Path, task: Task) -> bool:
    try:
        found = json.loads(status.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    answered = (status.parent / _PREDICTIONS).is_dir()
    return answered and isinstance(found, dict) and found.get("task") == task_digest(task)
