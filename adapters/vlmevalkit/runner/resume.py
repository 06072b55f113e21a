"""What an earlier start of the job has answered, taken over where weights would have to answer it again.

Behind the gateway nothing is lost: its cache has the answers, and VLMEvalKit starts afresh. Of what it finds in its
work_dir VLMEvalKit would use everything, scores of answers that have changed since and locks of dead processes among
it; so only answers are taken over, into a new one.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
from pathlib import Path
from typing import Any

from adapters.runtime import job
from adapters.vlmevalkit.contract import IMAGES, MODEL_LABEL, STATUS_FILE, WORK, Dataset, Task, dumps


def task_digest(task: Task) -> str:
    """Return the SHA-256 of all that a job was told."""
    return hashlib.sha256(dumps(task).encode()).hexdigest()


def take_over(task: Task, dataset: Dataset, output: Path) -> bool:
    """Copy the answers of the last start, where it had the same task; return whether there were any."""
    previous = job.path(job.PREVIOUS)
    if task.model.kind != "checkpoint" or not _is_same(previous / STATUS_FILE, task):
        return False
    into = output / WORK / dataset.file / MODEL_LABEL
    answers = [
        file for file in _answers(previous / WORK / dataset.file / MODEL_LABEL, dataset.name) if is_whole(file)
    ]
    for file in answers:
        into.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, into / file.name)
    pictures = previous / IMAGES / dataset.file
    if answers and pictures.is_dir():
        shutil.copytree(pictures, output / IMAGES / dataset.file)
    return bool(answers)


def _answers(folder: Path, name: str) -> list[Path]:
    """Return the files with answers: the table once all are there, until then one of two pickles."""
    names = (f"{MODEL_LABEL}_{name}.tsv", f"{MODEL_LABEL}_{name}_checkpoint.pkl", f"01_{name}.pkl")
    return [folder / found for found in names if (folder / found).is_file()]


def is_whole(file: Path) -> bool:
    """Return whether a file of answers can be read: VLMEvalKit fails for ever on a pickle that was cut off."""
    if file.suffix != ".pkl":
        return True
    try:
        with file.open("rb") as content:
            return isinstance(_PlainUnpickler(content).load(), dict)
    except Exception:  # noqa: BLE001 - bytes of any kind can raise anything
        return False


_NUMBERS = frozenset({("numpy", "dtype"), ("numpy._core.multiarray", "scalar")})


class _PlainUnpickler(pickle.Unpickler):
    """Reads plain values and numpy's numbers (a row's index may be one), and nothing else that would be called."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _NUMBERS:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"answers are plain values, not {module}.{name}")


def _is_same(status: Path, task: Task) -> bool:
    try:
        found: Any = json.loads(status.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(found, dict) and found.get("task") == task_digest(task)
