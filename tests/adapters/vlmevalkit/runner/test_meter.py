"""What the hub is told of a data set's progress."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.vlmevalkit.runner.meter import Meter, loading


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "job" / "output").mkdir(parents=True)
    monkeypatch.setenv("EVALDOCK_ROOT", str(tmp_path))
    return tmp_path / "job" / "output"


def events(output: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (output / "events.jsonl").read_text().splitlines()]


def test_a_data_set_that_is_loaded_is_at_work(output: Path) -> None:
    loading("set")

    assert events(output) == [{"event": "progress", "dataset": "set", "done": 0, "total": 0, "errors": 0}]


def test_the_last_sample_is_told_at_once_and_failures_are_counted(output: Path) -> None:
    meter = Meter("set", 3)
    for failed in (0, 1, 0):
        meter.step(errors=failed)

    told = events(output)
    assert told[0] == {"event": "planned", "dataset": "set", "total": 3}
    assert told[-1] == {"event": "progress", "dataset": "set", "done": 3, "total": 3, "errors": 1}


def test_more_turns_than_samples_are_no_more_than_all(output: Path) -> None:
    meter = Meter("set", 1)
    meter.step(2)

    assert events(output)[-1]["done"] == 1


def test_scoring_is_told_to_the_user_and_is_work_again(output: Path) -> None:
    Meter("set", 2).scoring()

    assert [event["event"] for event in events(output)] == ["planned", "message", "progress"]
