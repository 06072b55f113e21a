"""Several jobs at work at once: each has its own end, and the run is stopped, killed and resumed as with one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import EVALDOCK, Ran
from tests.fakes.upstream import FakeUpstream, last_message
from tests.integration.desk import PATIENCE_S
from tests.integration.endings.conftest import Stage
from tests.integration.endings.test_endings import BY_THEMSELVES

THREE = ({"name": "well", "alias": "a"}, {"name": "well", "alias": "b"}, {"name": "well", "alias": "c"})
AT_ONCE = {"memory": "128m", "jobs": 3}


class Meeting:
    """Keeps every first question of a data set waiting until all three have come, and others until it is over."""

    def __init__(self) -> None:
        self.met = threading.Barrier(3)
        self.over = threading.Event()
        self.asked: Counter[str] = Counter()

    def __call__(self, body: dict[str, Any]) -> str:
        text = last_message(body)
        self.asked[text] += 1
        if text.endswith(" 0") and self.asked[text] == 1:
            self.met.wait(PATIENCE_S)
        elif not self.over.is_set():
            self.over.wait(PATIENCE_S)
        return text


@pytest.fixture
def meeting() -> Meeting:
    return Meeting()


@pytest.fixture
def meeting_stage(stage: Stage, meeting: Meeting) -> Iterator[Stage]:
    """Return the stage with a server at which three jobs must meet."""
    with FakeUpstream(answer=meeting) as upstream:
        yield replace(stage, upstream=upstream)
        meeting.over.set()


@contextmanager
def live(stage: Stage, folder: Path, meeting: Meeting) -> Iterator[subprocess.Popen[str]]:
    """Start a run of three jobs and yield its hub once each waits for its second answer."""
    task = stage.task(folder, *([part] for part in THREE), resources=AT_ONCE)
    environment = {**os.environ, **stage.checkout.environment, **stage.environment}
    command = [EVALDOCK, "run", str(task), "--engine", stage.engine]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            _until(lambda: all(meeting.asked[f"{label} 1"] for label in "abc"))
            yield process
        finally:
            process.kill()


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


def _ran(folder: Path) -> Ran:
    return Ran(0, "", "", folder / "runs")


def test_three_jobs_meet_at_one_server(meeting_stage: Stage, meeting: Meeting, tmp_path: Path) -> None:
    meeting.over.set()

    ran = meeting_stage.run(tmp_path, *([part] for part in THREE), resources=AT_ONCE)

    assert (ran.code, ran.report["state"]) == (0, "succeeded"), ran.err
    assert [job["id"] for job in ran.report["jobs"]] == ["1-m-unruly", "2-m-unruly", "3-m-unruly"]
    assert max(meeting.asked.values()) == 1
    record = json.loads((ran.folder / "run.json").read_text())
    assert [job["state"] for job in record["jobs"]] == ["succeeded"] * 3
    events = [json.loads(line) for line in (ran.folder / "events.jsonl").read_text().splitlines()]
    assert {event["event"] for event in events} >= {"run_started", "job", "progress", "run_ended"}
    assert meeting_stage.leftovers(ran) == []


def test_each_of_several_jobs_has_its_own_end(stage: Stage, tmp_path: Path) -> None:
    ran = stage.run(tmp_path, *([name] for name in BY_THEMSELVES), resources={"memory": "128m", "jobs": 4})

    found = dict(zip(BY_THEMSELVES, ran.report["jobs"], strict=True))
    assert {name: job["state"] for name, job in found.items()} == {
        name: expected.state for name, expected in BY_THEMSELVES.items()
    }
    assert [name for name, job in found.items() if BY_THEMSELVES[name].reason not in job["reason"]] == []
    assert stage.leftovers(ran) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_all_that_are_at_work_and_resume_asks_nothing_twice(
    meeting_stage: Stage, meeting: Meeting, tmp_path: Path, number: signal.Signals
) -> None:
    with live(meeting_stage, tmp_path, meeting) as hub:
        hub.send_signal(number)
        _, said = hub.communicate(timeout=PATIENCE_S)
    stopped = _ran(tmp_path)

    assert (hub.returncode, stopped.report["state"]) == (130, "cancelled"), said
    assert {job["state"] for job in stopped.report["jobs"]} == {"cancelled"}
    assert meeting_stage.leftovers(stopped) == []

    meeting.over.set()
    again = meeting_stage.checkout.evaldock(tmp_path, "resume", "latest", **meeting_stage.environment)

    assert again.code == 0, again.err
    assert {meeting.asked[f"{label} 0"] for label in "abc"} == {1}


def test_a_killed_hub_with_several_at_work_is_resumed(meeting_stage: Stage, meeting: Meeting, tmp_path: Path) -> None:
    with live(meeting_stage, tmp_path, meeting) as hub:
        hub.kill()
        hub.wait()
    meeting.over.set()

    again = meeting_stage.checkout.evaldock(tmp_path, "resume", "latest", **meeting_stage.environment)

    assert again.code == 0, again.err
    assert {meeting.asked[f"{label} 0"] for label in "abc"} == {1}
    assert meeting_stage.leftovers(_ran(tmp_path)) == []


def test_a_job_that_hangs_is_noticed_though_another_asks_all_the_time(stage: Stage, tmp_path: Path) -> None:
    def slowly(body: dict[str, Any]) -> str:
        told = "".join(path.read_text() for path in tmp_path.glob("runs/*/events.jsonl"))
        if "no sign of life" not in told:  # so long the other is at work
            time.sleep(1)
        return last_message(body)

    with FakeUpstream(answer=slowly) as upstream:
        model = {"endpoint": upstream.base_url, "model": "fake", "timeout": 6}  # all of its tries take 12 s
        busy = {"name": "well", "alias": "busy", "limit": 60}
        ran = replace(stage, upstream=upstream).run(
            tmp_path, ["hang"], [busy], models={"m": model}, resources={**AT_ONCE, "idle_timeout": 12}
        )

    hanging, asking = ran.report["jobs"]
    assert (hanging["state"], asking["state"]) == ("failed", "succeeded"), ran.err
    assert "no sign of life" in hanging["reason"]
