"""A folder in which a user types evaldock's commands: real processes, real signals, the echo backend."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 180  # for what comes to pass in seconds, on a machine that does much else; only what hangs meets it


@dataclass
class Desk:
    """What is still at work at the end of a test is killed."""

    folder: Path
    env: dict[str, str]
    engine: str = "venv"
    hubs: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "from hub.cli import main; main()", *arguments]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        self.hubs.append(subprocess.Popen(command, cwd=self.folder, env=self.env, text=True, **pipes))
        return self.hubs[-1]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=PATIENCE_S)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    @property
    def runs(self) -> list[Path]:
        return sorted((self.folder / "runs").glob("[!.]*"), key=lambda path: path.stat().st_ctime)

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

    def written(self, job: str) -> list[dict[str, Any]]:
        """Return the samples that a job's backend has written, whole lines only."""
        file = self.runs[0] / "jobs" / job / "output" / "echo" / "samples.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def samples(self, job: str, number: int = 0) -> list[dict[str, Any]]:
        text = (self.runs[number] / "jobs" / job / "samples.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def write_task(self, *models: str, n: int = 20, sleep_s: float = 0.1) -> None:
        """Write t.yaml: a job for each model, of so many samples."""
        named = ", ".join(f"{name}: {{checkpoint: ./model}}" for name in models)
        (self.folder / "t.yaml").write_text(
            f"version: 1\nname: t\nmodels: {{{named}}}\nengine: {self.engine}\n"
            f"evaluations: [{{backend: echo, datasets: [{{name: echo, options: {{n: {n}, sleep_s: {sleep_s}}}}}]}}]\n"
        )

    def write_endpoint_task(self, url: str, *, n: int, concurrency: int) -> None:
        """Write t.yaml: one job, whose model is behind an endpoint."""
        model = f"{{endpoint: '{url}', model: fake, concurrency: {concurrency}}}"
        (self.folder / "t.yaml").write_text(
            f"version: 1\nname: t\nmodels: {{m: {model}}}\nengine: {self.engine}\n"
            f"evaluations: [{{backend: echo, datasets: [{{name: echo, options: {{n: {n}}}}}]}}]\n"
        )


@contextmanager
def open_desk(folder: Path, cache: Path, engine: str = "venv", **env: str) -> Iterator[Desk]:
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "config.json").write_text("{}")
    (folder / "model" / "model.safetensors").write_text("weights")
    places = {"EVALDOCK_CACHE": str(cache), "EVALDOCK_STATE": str(folder / "state"), "PYTHONPATH": str(ROOT)}
    # Sockets of its own, below a short path: what a hub says of those that dead ones left is about this desk alone.
    with tempfile.TemporaryDirectory(prefix="desk-") as sockets:
        desk = Desk(folder, {**os.environ, "XDG_RUNTIME_DIR": sockets, **places, **env}, engine)
        try:
            yield desk
        finally:
            for hub in desk.hubs:
                hub.kill()
                hub.communicate()
            for run in desk.runs:
                with suppress(subprocess.TimeoutExpired):
                    desk.run("stop", run.name, "--force")  # and reaps what the killed ones left


def kill(hub: subprocess.Popen[str]) -> None:
    hub.send_signal(signal.SIGKILL)
    hub.communicate()


def children_of(process: int) -> list[int]:
    """Return the processes that a process has started."""
    return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def gateway_of(hub: int) -> int:
    """Return the process of a hub's gateway."""
    (found,) = [pid for pid in children_of(hub) if b"hub.gateway" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return found


@dataclass
class Unique:
    """Answers of which no two are alike, and what was asked for them.

    All but the first `free` wait until `go_on`: for so long a run that asks is under way, however slow we are.
    """

    free: int = sys.maxsize
    go_on: threading.Event = field(default_factory=threading.Event)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    asked: list[str] = field(default_factory=list)

    def __call__(self, body: dict[str, Any]) -> str:
        asked, number = str(body["messages"][-1]["content"]), next(self.numbers)
        self.asked.append(asked)
        if number >= self.free:
            self.go_on.wait(PATIENCE_S)
        return f"{asked} ({number})"
