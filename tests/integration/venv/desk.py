"""A folder in which a user types evaldock's commands: real processes, real signals, the echo backend."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
_LONGEST_S = 60


@dataclass
class Desk:
    """What is still at work at the end of a test is killed."""

    folder: Path
    env: dict[str, str]
    hubs: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "from hub.cli import main; main()", *arguments]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        self.hubs.append(subprocess.Popen(command, cwd=self.folder, env=self.env, text=True, **pipes))
        return self.hubs[-1]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=_LONGEST_S)
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

    def samples(self, job: str, number: int = 0) -> list[dict[str, Any]]:
        text = (self.runs[number] / "jobs" / job / "samples.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def write_task(self, *models: str, n: int = 20, sleep_s: float = 0.1) -> None:
        """Write t.yaml: a job for each model, of so many samples."""
        named = ", ".join(f"{name}: {{checkpoint: ./model}}" for name in models)
        (self.folder / "t.yaml").write_text(
            f"version: 1\nname: t\nmodels: {{{named}}}\nengine: venv\n"
            f"evaluations: [{{backend: echo, datasets: [{{name: echo, options: {{n: {n}, sleep_s: {sleep_s}}}}}]}}]\n"
        )


@contextmanager
def open_desk(folder: Path, cache: Path) -> Iterator[Desk]:
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
        for run in desk.runs:
            with suppress(subprocess.TimeoutExpired):
                desk.run("stop", run.name, "--force")  # and reaps what the killed ones left


def kill(hub: subprocess.Popen[str]) -> None:
    hub.send_signal(signal.SIGKILL)
    hub.communicate()
