"""Kill parts of a run at chosen moments, resume it, and account for every answer. For test_kills.py."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from hub.ledger import read_rows
from tests.e2e.harness import EVALDOCK, HANGS_S
from tests.fakes.upstream import FakeUpstream

Phase = Literal["prepare", "run", "normalise"]
Target = Literal["hub", "gateway", "container", "all"]

# Two jobs at once; the first has two data sets, so that a killed container has something to be restarted for.
ROWS = {"a": 150, "b": 100, "c": 250}
CONCURRENCY = 8
_TARGETS: dict[Phase, tuple[Target, ...]] = {
    "prepare": ("hub", "all"),
    "run": ("hub", "gateway", "container", "all"),
    "normalise": ("hub", "hub", "all"),
}
# How far into a phase a kill may come: after so many new answers, where so many will come, or so many seconds.
_ANSWERS: dict[Phase, int] = {"prepare": 0, "run": 60, "normalise": 0}
_SECONDS: dict[Phase, tuple[float, float]] = {"prepare": (0, 0.8), "run": (3, 6), "normalise": (0, 0.08)}
_PHASES: dict[str, Phase] = {"running": "run", "normalizing": "normalise"}  # by the last state of a job
_LATENCY_S = (0.005, 0.04)


class Kill(NamedTuple):
    """One kill: in which phase, of what, how far into it (a share of what it may last); in which job, if any."""

    phase: Phase
    target: Target
    far: float
    job: str = ""


@dataclass
class Kills:
    """Which kills are still to come: `count` in all, at least `least` in each phase.

    Those that need a job to come to its end are drawn when the others are done; targets take turns.
    """

    seed: int
    count: int
    least: int
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)

    @property
    def left(self) -> bool:
        """Return whether there are any."""
        struck = [self.done[phase] for phase in _TARGETS]
        return sum(struck) < self.count or min(struck) < self.least

    def draw(self) -> Kill:
        """Return the next one."""
        share = self.count / len(_TARGETS)
        early: list[Phase] = [phase for phase in ("prepare", "run") if self.done[phase] < share]
        phase = self._rng.choice(early or ["normalise"])
        targets, done = _TARGETS[phase], self.done[phase]
        job = "" if phase != "normalise" else "1" if done < share / 2 else "2"
        return Kill(phase, targets[done % len(targets)], self._rng.random(), job)


@dataclass
class Model:
    """Says to each request what it has never said before; the number at its end decides the score.

    Attributes:
        said: what each request was answered, or is about to be.
        answered: how many have been.
    """

    seed: int
    said: list[str] = field(default_factory=list)
    answered: int = 0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.seed)

    def __call__(self, body: dict[str, Any]) -> str:
        with self._guard:
            text = f"Call {len(self.said)}. {'I think, and think. ' * 2000}\n#### {self._rng.randrange(2)}"
            self.said.append(text)
            pause_s = self._rng.uniform(*_LATENCY_S)
        time.sleep(pause_s)
        with self._guard:
            self.answered += 1
        return text


def write_task(folder: Path, base_url: str) -> Path:
    """Write data in which each question stands twice, with different right answers, and a task for it."""
    folder.mkdir(parents=True)
    for label, rows in ROWS.items():
        (folder / label).mkdir()
        lines = [
            json.dumps({"question": f"Case {label}{number // 2}: nought or one?", "answer": f"#### {number % 2}"})
            for number in range(rows)
        ]
        (folder / label / "test.jsonl").write_text("\n".join(lines) + "\n")
    parts = [f"{{name: gsm8k, alias: {label}, path: ./{label}, few_shot: 0}}" for label in ROWS]
    task = folder / "task.yaml"
    task.write_text(
        f"version: 1\nname: kills\n"
        f"models: {{m: {{endpoint: '{base_url}', model: fake, concurrency: {CONCURRENCY}}}}}\n"
        f"evaluations:\n"
        f"  - {{backend: native, datasets: [{parts[0]}, {parts[1]}]}}\n"
        f"  - {{backend: native, datasets: [{parts[2]}]}}\n"
        f"generation: {{temperature: 1}}\n"
        f"resources: {{jobs: 2}}\n"
    )
    return task


class Chronicle:
    """One run from its first start to its end: what was killed when, and what was known then."""

    def __init__(self, folder: Path, model: Model, upstream: FakeUpstream) -> None:
        self.folder = folder
        self.model = model
        self._upstream = upstream
        self._task = write_task(folder, upstream.base_url)
        self._past = 0  # characters of events.jsonl
        self.killed: list[str] = []
        self.struck_while_asking = 0  # kills while there was a gateway
        self.first: dict[tuple[str, str], str] = {}  # by data set and id: the prediction first written down

    @property
    def run(self) -> Path | None:
        """Return the run's folder, once it exists."""
        return next((path.parent for path in (self.folder / "runs").glob("[!.]*/run.json")), None)

    @property
    def said(self) -> str:
        """Return what the commands printed."""
        return (self.folder / "said.txt").read_text()

    def start(self) -> subprocess.Popen[str]:
        """Start the run, or go on with it."""
        self._past += len(self._events())
        arguments = ("resume", "latest") if self.run else ("run", str(self._task), "--engine", "docker")
        out = (self.folder / "said.txt").open("a")
        with out:
            return subprocess.Popen([EVALDOCK, *arguments], cwd=self.folder, stdout=out, stderr=out, text=True)

    def kill(self, hub: subprocess.Popen[str], kill: Kill) -> Phase | Literal["end", ""]:
        """Wait for the moment, kill, and return the phase that was struck; empty where the hub had ended before."""
        if not self._arrive(hub, kill):
            return ""
        (phase, _), gateways = self._at(hub.pid), _gateways(hub.pid)
        answered, asked = self.model.answered, len(self.model.said)
        target = self._strike(hub, gateways, kill.target)
        if target != "container":
            _until(lambda: not any(map(_lives, gateways)))  # one whose hub was killed ends a moment later
            _until(lambda: not self._upstream.open_connections)  # what it had sent is read by then
        hub.wait(HANGS_S)
        if target in {"hub", "all"}:
            phase, _ = self._at(hub.pid)  # nobody changes it any more
        self.struck_while_asking += bool(gateways)
        self.killed.append(f"{target} in {phase}: {asked} asked, {answered} answered; meant: {kill}")
        self._note_samples()
        return phase or "end"

    def _arrive(self, hub: subprocess.Popen[str], kill: Kill) -> bool:
        _until(lambda: self._is_at(hub.pid, kill) or hub.poll() is not None)
        seen, since = self.model.answered, time.monotonic()
        wanted = min(int(kill.far * _ANSWERS[kill.phase]), max(sum(ROWS.values()) - seen, 0))
        least_s, most_s = _SECONDS[kill.phase]
        longest_s = HANGS_S if wanted else least_s + kill.far * (most_s - least_s)
        while hub.poll() is None and time.monotonic() - since < longest_s:
            if wanted and self.model.answered - seen >= wanted:
                break
            time.sleep(0.001)
        return hub.poll() is None

    def _is_at(self, pid: int, kill: Kill) -> bool:
        phase, job = self._at(pid)
        return phase == kill.phase and job.startswith(kill.job)

    def _at(self, pid: int) -> tuple[Phase | None, str]:
        """Return phase and job of the run that `pid` drives; run.json still says what a killed one did."""
        try:
            if self.run is None or (self.run / ".lock").read_text() != str(pid):
                return None, ""
            events = [json.loads(line) for line in self._events().splitlines()]
        except (OSError, ValueError):  # half a line, or the very moment of its making
            return None, ""
        if any(event["event"] == "run_ended" for event in events):
            return None, ""
        states = [(event["state"], event["job"]) for event in events if event["event"] == "job"]
        return (_PHASES.get(states[-1][0], "prepare"), states[-1][1]) if states else ("prepare", "")

    def _events(self) -> str:
        """Return what has happened since the last start."""
        file = (self.run or self.folder) / "events.jsonl"
        return file.read_text()[self._past :] if file.exists() else ""

    def _strike(self, hub: subprocess.Popen[str], gateways: list[int], target: Target) -> Target:
        """Kill and return what was killed: the hub, where there is nothing else yet."""
        containers = self.containers() if target in {"container", "all"} else []
        if not {"gateway": gateways, "container": containers}.get(target, [hub.pid]):
            target = "hub"
        if target in {"hub", "all"}:
            hub.kill()
        if target in {"gateway", "all"}:
            for gateway in gateways:
                os.kill(gateway, signal.SIGKILL)
        if containers:
            subprocess.run(["docker", "kill", *containers], capture_output=True)
        return target

    def containers(self) -> list[str]:
        """Return the run's containers."""
        name = self.run.name if self.run else "none"
        listed = subprocess.run(
            ["docker", "ps", "-aq", "--filter", f"label=evaldock.run={name}"], capture_output=True
        )
        return listed.stdout.decode().split()

    def _note_samples(self) -> None:
        for sample in self._written():
            self.first.setdefault((sample["dataset"], sample["id"]), sample["prediction"])

    def _written(self) -> Iterator[dict[str, Any]]:
        """Yield the scored samples that the backend has written so far; a last line may be half."""
        for file in (self.run or self.folder).glob("jobs/*/**/output/samples/*.jsonl"):
            for line in file.read_text().splitlines():
                with suppress(ValueError):
                    if (sample := json.loads(line))["state"] == "scored":
                        yield sample

    def answered(self) -> Counter[tuple[str, str]]:
        """Return how often the model answered for each sample, by data set and id, as the ledger has it."""
        rows = (row for file in (self.run or self.folder).glob("jobs/*/ledger.sqlite") for row in read_rows(file))
        return Counter((row.dataset, row.sample) for row in rows if row.outcome == "ok" and not row.cached)

    def samples(self) -> list[dict[str, Any]]:
        """Return the samples of the report."""
        files = sorted((self.run or self.folder).glob("jobs/*/samples.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def _gateways(hub: int) -> list[int]:
    """Return the gateways that a hub has started."""
    return [pid for pid in _pids() if _parent(pid) == hub and b"hub.gateway" in _read(pid, "cmdline")]


def _lives(pid: int) -> bool:
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    return bool(fields) and fields[0] not in {b"Z", b"X"}


def _parent(pid: int) -> int:
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    return int(fields[1]) if fields else 0


def _pids() -> Iterator[int]:
    return (int(path.name) for path in Path("/proc").glob("[0-9]*"))


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + HANGS_S
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("it did not come to pass")
        time.sleep(0.001)
