"""What became of every data set, as a killed job leaves it behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.vlmevalkit.contract import Dataset
from adapters.vlmevalkit.runner.status import Status

STAR = Dataset("my-star", "mmstar", "MMStar", {}, reader="judge")


@pytest.fixture
def status(tmp_path: Path) -> Status:
    return Status(tmp_path / "status.json", "digest")


def written(folder: Path) -> Any:
    return json.loads((folder / "status.json").read_text())


def test_a_data_set_at_work_is_written_before_anything_can_go_wrong(status: Status, tmp_path: Path) -> None:
    status.begin(STAR)

    entry = written(tmp_path)["datasets"]["mmstar"]
    assert (entry["dataset"], entry["stage"], entry["state"], entry["reader"]) == (
        "my-star",
        "load",
        "running",
        "judge",
    )
    assert written(tmp_path)["task"] == "digest"


def test_a_failure_keeps_the_stage_and_what_was_known(status: Status, tmp_path: Path) -> None:
    status.begin(STAR)
    status.update(STAR, stage="score", planned=7)
    status.took(STAR, "infer", 1.23456)
    status.fail(STAR, "no metric")

    entry = written(tmp_path)["datasets"]["mmstar"]
    assert (entry["stage"], entry["state"], entry["planned"], entry["error"]) == ("score", "failed", 7, "no metric")
    assert entry["seconds"] == {"infer": 1.235}
