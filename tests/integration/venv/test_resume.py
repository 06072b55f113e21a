"""Runs whose hub is killed or stopped, and the commands that go on with them."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from hub import answers
from hub.report import EnvironmentRecord
from tests.fakes.upstream import FakeUpstream
from tests.integration.desk import PATIENCE_S, Desk, Unique, gateway_of, kill, open_desk

Until = Callable[[Callable[[], bool]], None]


def test_a_hub_killed_in_the_middle_leaves_a_run_that_goes_on(desk: Desk, until: Until) -> None:
    desk.write_task("m", "n", n=60)
    hub = desk.start("run", "t.yaml")
    until(lambda: desk.done("2-n-echo") >= 3)
    kill(hub)
    first = desk.samples("1-m-echo")
    shown = desk.run("status")
    assert "interrupted" in shown.stdout

    resumed = desk.run("resume")

    assert resumed.returncode == 0, resumed.stderr
    assert "job '2-n-echo'" in resumed.stderr  # which it ended, or found at its end
    assert desk.record()["state"] == "succeeded"
    assert [job["starts"] for job in desk.record()["jobs"]] == [1, 2]
    assert desk.samples("1-m-echo") == first
    assert [sample["id"] for sample in desk.samples("2-n-echo")] == [str(number) for number in range(60)]


@pytest.mark.parametrize("victim", ["hub", "gateway", "job"])
def test_what_was_answered_is_not_asked_again_and_every_sample_has_its_first_answer(
    desk: Desk, until: Until, victim: str
) -> None:
    answer, at_once = Unique(free=20), 4
    with FakeUpstream(answer=answer) as upstream:
        desk.write_endpoint_task(upstream.base_url, n=60, concurrency=at_once)
        hub = desk.start("run", "t.yaml")
        until(lambda: desk.done("1-m-echo") >= 15)
        os.kill({"hub": hub.pid, "gateway": gateway_of(hub.pid), "job": supervisor_of(desk)}[victim], signal.SIGKILL)
        answer.go_on.set()
        hub.communicate(timeout=PATIENCE_S)
        first = {sample["id"]: sample["prediction"] for sample in desk.written("1-m-echo") if "prediction" in sample}

        resumed = desk.run("resume")

    assert resumed.returncode == 0, resumed.stderr
    samples = desk.samples("1-m-echo")
    assert [sample["id"] for sample in samples] == [str(number) for number in range(60)]
    assert len(first) >= 15
    assert {sample["id"]: sample["prediction"] for sample in samples if sample["id"] in first} == first
    assert sum((Counter(answer.asked) - Counter(set(answer.asked))).values()) <= at_once
    assert not answers.run_file(desk.folder / "state", desk.runs[0].name).exists()


def supervisor_of(desk: Desk) -> int:
    """Return the process that holds a job, and with which it dies."""
    return int(json.loads((desk.runs[0] / "jobs" / "1-m-echo" / "handle.json").read_text())["id"])


def test_a_run_that_was_stopped_goes_on_and_says_how(desk: Desk, until: Until) -> None:
    answer = Unique(free=4)
    with FakeUpstream(answer=answer) as upstream:
        desk.write_endpoint_task(upstream.base_url, n=8, concurrency=1)
        hub = desk.start("run", "t.yaml")
        until(lambda: desk.done("1-m-echo") >= 3)
        hub.send_signal(signal.SIGTERM)
        out, _ = hub.communicate(timeout=PATIENCE_S)
        answer.go_on.set()
        name = desk.runs[0].name

        assert hub.returncode == 130
        assert out.splitlines()[-1] == f"go on   evaldock resume {name}"
        assert desk.run("resume", name).returncode == 0
        assert desk.run("resume", name).stdout == f"{name} has succeeded: there is nothing to resume\n"


def test_a_live_hub_beside_a_dead_one_keeps_its_job(
    desk: Desk, until: Until, tmp_path: Path, echo_environment: tuple[Path, EnvironmentRecord]
) -> None:
    answer = Unique(free=4)
    with FakeUpstream(answer=answer) as upstream, open_desk(tmp_path / "beside", echo_environment[0]) as beside:
        desk.write_endpoint_task(upstream.base_url, n=8, concurrency=1)
        beside.env["EVALDOCK_STATE"] = desk.env["EVALDOCK_STATE"]
        beside.write_task("m", n=10_000)
        living, dying = beside.start("run", "t.yaml"), desk.start("run", "t.yaml")
        until(lambda: desk.done("1-m-echo") >= 3 and beside.done("1-m-echo") >= 3)
        kill(dying)
        answer.go_on.set()

        resumed = desk.run("resume")

        at = beside.done("1-m-echo")
        assert resumed.returncode == 0, resumed.stderr
        assert resumed.stderr.count("whose hub is gone") == 1
        until(lambda: beside.done("1-m-echo") > at)
        living.send_signal(signal.SIGTERM)
        living.communicate(timeout=PATIENCE_S)
        assert beside.record()["state"] == "cancelled"
