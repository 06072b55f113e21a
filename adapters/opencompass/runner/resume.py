"""What an earlier start of the job has answered, taken over where a checkpoint would have to answer it again.

Behind the gateway nothing is lost: its cache has the answers, and the backend starts afresh. OpenCompass itself goes
on from the files that it finds, and does not look whether they are those of the same task; so we do.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from adapters.opencompass.contract import EXPERIMENT, STATUS_FILE, Task, dumps
from adapters.opencompass.runner.session import Session
from adapters.runtime import job

_PREDICTIONS = f"{EXPERIMENT}/predictions"


def task_digest(task: Task) -> str:
    """Return the SHA-256 of all that a job was told."""
    return hashlib.sha256(dumps(task).encode()).hexdigest()


def take_over(session: Session) -> None:
    """Copy the answers of the last start, and count those of parts that it had finished."""
    previous = job.path(job.PREVIOUS)
    if session.task.model.kind != "checkpoint" or not _is_same(previous / STATUS_FILE, session.task):
        return
    answers = session.output / _PREDICTIONS
    shutil.copytree(previous / _PREDICTIONS, answers, dirs_exist_ok=True)
    for file, held in session.parts.items():
        if (answers / session.task.model.name / f"{file}.json").is_file():
            session.meter.step(held.dataset.label, held.rows)


def _is_same(status: Path, task: Task) -> bool:
    try:
        found = json.loads(status.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    answered = (status.parent / _PREDICTIONS).is_dir()
    return answered and isinstance(found, dict) and found.get("task") == task_digest(task)
