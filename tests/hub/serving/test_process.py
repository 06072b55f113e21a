"""One start of a server, at a fake engine."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hub.engine import Handle
from hub.errors import ServerError
from hub.job import Ending, Job, JobOutcome
from hub.report import EnvironmentRecord
from hub.server import PlannedServer
from hub.serving import process
from hub.serving.process import ServerProcess, Site
from hub.spec import ServeSpec


class FakeEngine:
    """An engine whose jobs end at once in one way, or go on; to start one takes time, by a clock of its own."""

    isolation = "container"

    def __init__(self, outcome: JobOutcome | None, start_s: float = 0.0) -> None:
        self.outcome = outcome
        self.start_s = start_s
        self.now = 1000.0

    def job_user(self, _folder: Path) -> tuple[int, int]:
        return (1, 1)

    def submit(self, _job: Job, _environment: EnvironmentRecord, _place: Any) -> Handle:
        self.now += self.start_s
        return Handle("fake", "1", "", started_at=0)

    def wait(self, _handle: Handle, _timeout_s: float) -> JobOutcome | None:
        return self.outcome


def start_at(engine: Any, folder: Path) -> ServerProcess:
    """Return a start of a server that is to be made at `engine`."""
    job = Job(id="m", image="native", command=("x",), files={}, serves=True)
    planned = PlannedServer("m", ServeSpec(engine="transformers"), "m", job, ())
    record = EnvironmentRecord(engine="venv", image="native", reference="", digest="", lock="", python="")
    socket = folder / "sockets" / "run" / "s0" / "server.sock"
    return ServerProcess(
        planned,
        Site("r", folder / "sockets", folder / "m", socket, engine, record, lambda: False, lambda _s: None),
    )


def test_a_server_that_needs_more_memory_is_told_the_key_of_servers(tmp_path: Path) -> None:
    reason = "out of memory: its limit is 64 MiB; raise resources.memory"
    engine = FakeEngine(JobOutcome(Ending.OUT_OF_MEMORY, 137, None, reason, 0, 1))

    with pytest.raises(ServerError, match=r"its limit is 64 MiB; raise serve\.memory"):
        start_at(engine, tmp_path).start(())


def test_a_server_loads_from_when_its_engine_is_told_to_start_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FakeEngine(None, start_s=7.0)
    monkeypatch.setattr(process, "is_healthy", lambda *_: True)
    monkeypatch.setattr(process, "time", SimpleNamespace(monotonic=lambda: engine.now))

    assert start_at(engine, tmp_path).start(()) == 7.0
