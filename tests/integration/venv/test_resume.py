"""Whole runs of the echo backend by a hub that is killed, and by one that goes on: real processes, real signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hub.report import EnvironmentRecord

ROOT = Path(__file__).resolve().parents[3]
Until = Callable[[Callable[[], bool]], None]


@dataclass
class Desk:
    """A folder in which a user types commands; what is still at work at the end of a test is killed."""

    folder: Path
    env: dict[str, str]
    hubs: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "from hub.cli import main; main()", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        self.hubs.append(subprocess.Popen(command, cwd=self.folder, env=self.env, text=True, **pipes))
        return self.hubs[-1]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=60)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    @property
    def runs(self) -> list[Path]:
        return sorted((self.folder / "runs").glob("[!.]*"))

    def record(self, number: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.runs[number] / "run.json").read_text())
        return found

    def events(self, number: int = 0) -> list[dict[str, Any]]:
        with suppress(IndexError, FileNotFoundError):
            text = (self.runs[number] / "events.jsonl").read_text()
            return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
        return []

    def done(self, job: str) -> int:
        """Return how many samples of a job its last start has done."""
        found = [event["done"] for event in self.events() if event["event"] == "progress" and event["job"] == job]
        return found[-1] if found else 0

    def samples(self, job: str, number: int = 0) -> list[dict[str, Any]]:
        text = (self.runs[number] / "jobs" / job / "samples.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def desk(tmp_path: Path, echo_environment: tuple[Path, EnvironmentRecord]) -> Iterator[Desk]:
    with _desk(tmp_path, echo_environment[0]) as desk:
        yield desk


@contextmanager
def _desk(folder: Path, cache: Path) -> Iterator[Desk]:
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "config.json").write_text("{}")
    (folder / "model" / "model.safetensors").write_text("weights")
    places = {"EVALDOCK_CACHE": str(cache), "EVALDOCK_STATE": str(folder / "state"), "PYTHONPATH": str(ROOT)}
    desk = Desk(folder, {**os.environ, **places})
    try:
        yield desk
    finally:
        for hub in desk.hubs:
            hub.kill()
            hub.communicate()
        with suppress(subprocess.TimeoutExpired):
            desk.run("stop")  # reaps what the killed ones left


def write_task(desk: Desk, *models: str, n: int = 20, sleep_s: float = 0.1) -> None:
    named = ", ".join(f"{name}: {{checkpoint: ./model}}" for name in models)
    (desk.folder / "t.yaml").write_text(
        f"version: 1\nname: t\nmodels: {{{named}}}\nengine: venv\n"
        f"evaluations: [{{backend: echo, datasets: [{{name: echo, options: {{n: {n}, sleep_s: {sleep_s}}}}}]}}]\n"
    )


def kill(hub: subprocess.Popen[str]) -> None:
    hub.send_signal(signal.SIGKILL)
    hub.communicate()


def test_a_hub_killed_in_the_middle_leaves_a_run_that_goes_on(desk: Desk, until: Until) -> None:
    write_task(desk, "m", "n")
    hub = desk.start("run", "t.yaml")
    until(lambda: desk.done("2-n-echo") >= 3)
    kill(hub)
    first = desk.samples("1-m-echo")
    shown = desk.run("status")
    assert "interrupted" in shown.stdout

    resumed = desk.run("resume")

    assert resumed.returncode == 0, resumed.stderr
    assert "ended job '2-n-echo'" in resumed.stderr
    assert desk.record()["state"] == "succeeded"
    assert [job["starts"] for job in desk.record()["jobs"]] == [1, 2]
    assert desk.samples("1-m-echo") == first
    assert [sample["id"] for sample in desk.samples("2-n-echo")] == [str(number) for number in range(20)]


def test_a_run_that_was_stopped_goes_on_and_says_how(desk: Desk, until: Until) -> None:
    write_task(desk, "m")
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
    write_task(desk, "m")
    with _desk(tmp_path / "beside", echo_environment[0]) as beside:
        beside.env["EVALDOCK_STATE"] = desk.env["EVALDOCK_STATE"]
        write_task(beside, "m", n=400)
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
