"""One start of a server, at a fake engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.engine import Handle
from hub.errors import ServerError
from hub.job import Ending, Job, JobOutcome
from hub.report import EnvironmentRecord
from hub.server import PlannedServer
from hub.serving.process import ServerProcess, Site
from hub.spec import ServeSpec


class EndingEngine:
    """An engine whose jobs end at once, in one way."""

    isolation = "container"

    def __init__(self, outcome: JobOutcome) -> None:
        self.outcome = outcome

    def job_user(self, _folder: Path) -> tuple[int, int]:
        return (1, 1)

    def submit(self, _job: Job, _environment: EnvironmentRecord, _place: Any) -> Handle:
        return Handle("fake", "1", "", started_at=0)

    def wait(self, _handle: Handle, _timeout_s: float) -> JobOutcome:
        return self.outcome


def test_a_server_that_needs_more_memory_is_told_the_key_of_servers(tmp_path: Path) -> None:
    reason = "out of memory: its limit is 64 MiB; raise resources.memory"
    engine: Any = EndingEngine(JobOutcome(Ending.OUT_OF_MEMORY, 137, None, reason, 0, 1))
    job = Job(id="m", image="native", command=("x",), files={}, serves=True)
    planned = PlannedServer("m", ServeSpec(engine="transformers"), "m", job, ())
    record = EnvironmentRecord(engine="venv", image="native", reference="", digest="", lock="", python="")
    socket = tmp_path / "sockets" / "run" / "s0" / "server.sock"
    site = Site("r", tmp_path / "sockets", tmp_path / "m", socket, engine, record, lambda: False, lambda _s: None)

    with pytest.raises(ServerError, match=r"its limit is 64 MiB; raise serve\.memory"):
        ServerProcess(planned, site).start(())
