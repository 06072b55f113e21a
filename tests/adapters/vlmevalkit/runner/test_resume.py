"""What a start takes over from the one before it."""

from __future__ import annotations

import json
import os
import pickle
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.vlmevalkit.contract import Dataset, Model, Task
from adapters.vlmevalkit.runner.resume import is_whole, take_over, task_digest

STAR = Dataset("MMStar", "mmstar", "MMStar", {})
TASK = Task(Model("checkpoint", "tiny", "/models/m"), (STAR,), seed=1, concurrency=1, request_timeout_s=1.0)
FOLDER = Path("vlmevalkit/mmstar/model")


@pytest.fixture
def job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a job whose last start had answered a part of the same task."""
    left = tmp_path / "job" / "previous" / FOLDER
    left.mkdir(parents=True)
    (tmp_path / "job" / "output").mkdir()
    (tmp_path / "job" / "previous" / "status.json").write_text(json.dumps({"task": task_digest(TASK)}))
    (left / "01_MMStar.pkl").write_bytes(pickle.dumps({0: "A"}))
    for name in ("status.json", "status.json.lock", "model_MMStar_acc.csv", "model_MMStar_judge_result.pkl"):
        (left / name).write_bytes(pickle.dumps({}))
    monkeypatch.setenv("EVALDOCK_ROOT", str(tmp_path))
    return tmp_path / "job"


def taken(job: Path) -> list[str]:
    return sorted(path.name for path in (job / "output").rglob("*") if path.is_file())


def test_answers_are_taken_over_and_nothing_that_was_made_of_them(job: Path) -> None:
    assert take_over(TASK, STAR, job / "output")
    assert taken(job) == ["01_MMStar.pkl"]


@pytest.mark.parametrize("task", [replace(TASK, seed=2), replace(TASK, model=Model("endpoint"))])
def test_another_task_or_an_endpoint_starts_afresh(job: Path, task: Task) -> None:
    assert not take_over(task, STAR, job / "output")
    assert taken(job) == []


def test_answers_that_were_cut_off_are_left_behind(job: Path) -> None:
    saved = job / "previous" / FOLDER / "01_MMStar.pkl"
    saved.write_bytes(saved.read_bytes()[:-4])

    assert not take_over(TASK, STAR, job / "output")
    assert taken(job) == []


class Runs:
    """What a pickle must not do to us."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("ran",)


@pytest.mark.parametrize(
    ("value", "whole"),
    [({"0": "A", "1": ["A", "B"], "2": {"prediction": "A"}}, True), ([1], False), ({0: Runs()}, False)],
)
def test_only_plain_answers_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: object, *, whole: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(value))

    assert is_whole(tmp_path / "x.pkl") is whole
    assert not (tmp_path / "ran").exists()
