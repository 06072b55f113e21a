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
from tests.integration.desk import Desk, Unique, gateway_of, kill, open_desk

Until = Callable[[Callable[[], bool]], None]


def test_a_hub_killed_in_the_middle_leaves_a_run_that_goes_on(desk: Desk, until: Until) -> None:
    desk.write_task("m", "n")
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
    assert [sample["id"] for sample in desk.samples("2-n-echo")] == [str(number) for number in range(20)]


def test_a_run_that_was_stopped_goes_on_and_says_how(desk: Desk, until: Until) -> None:
    desk.write_task("m")
    hub = desk.start("run", "t.yaml")
    until(lambda: desk.done("1-m-echo") >= 3)
    hub.send_signal(signal.SIGTERM)
    out, _ = hub.communicate(timeout=60)
    name = desk.runs[0].name

    assert hub.returncode == 130
    assert out.splitlines()[-1] == f"go on   evaldock resume {name}"
    assert desk.run("resume", name).returncode == 0
    assert desk.run("resume", name).stdout == f"{name} has succeeded: there is nothing to resume\n"


def test_a_live_hub_beside_a_dead_one_keeps_its_job(
    desk: Desk, until: Until, tmp_path: Path, echo_environment: tuple[Path, EnvironmentRecord]
) -> None:
    desk.write_task("m")
    with open_desk(tmp_path / "beside", echo_environment[0]) as beside:
        beside.env["EVALDOCK_STATE"] = desk.env["EVALDOCK_STATE"]
        beside.write_task("m", n=400)
        living, dying = beside.start("run", "t.yaml"), desk.start("run", "t.yaml")
        until(lambda: desk.done("1-m-echo") >= 3 and beside.done("1-m-echo") >= 3)
        kill(dying)

        resumed = desk.run("resume")

        at = beside.done("1-m-echo")
        assert resumed.returncode == 0, resumed.stderr
        assert resumed.stderr.count("whose hub is gone") == 1
        until(lambda: beside.done("1-m-echo") > at)
        living.send_signal(signal.SIGTERM)
        living.communicate(timeout=60)
        assert beside.record()["state"] == "cancelled"
