"""A fake engine: runs a Python function in place of a job, at the seam of hub.engine.Engine."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from hub.clock import Stopwatch
from hub.engine import EngineName, Handle, Isolation, Placement, Progress
from hub.finding import Finding
from hub.images import ImageSpec
from hub.job import Ending, Job, JobOutcome
from hub.report import EnvironmentRecord

Work = Callable[[Job, Path], Ending | None]


class FakeEngine:
    """Runs `work(job, output folder)` inside `wait` (None: it still runs); remembers what it was asked."""

    name: EngineName = "venv"
    isolation: Isolation = "none"

    def __init__(
        self, work: Work, *, findings: tuple[Finding, ...] = (), fail_prepare: Exception | None = None
    ) -> None:
        self.work = work
        self.findings = findings
        self.fail_prepare = fail_prepare
        self.submitted: list[Job] = []
        self.places: dict[str, Placement] = {}
        self.stopped: list[tuple[Ending, str]] = []

    def check(self, *, gpus: bool, probe: bool = True) -> tuple[Finding, ...]:
        return self.findings

    def find(self, image: ImageSpec) -> EnvironmentRecord | None:
        return None

    def prepare(self, image: ImageSpec, progress: Progress) -> EnvironmentRecord:
        progress(f"making {image.name}")
        if self.fail_prepare:
            raise self.fail_prepare
        return EnvironmentRecord(engine=self.name, image=image.name, reference="/fake", digest="sha256:fake")

    def job_user(self, folder: Path) -> tuple[int, int]:
        return os.getuid(), os.getgid()

    def submit(self, job: Job, environment: EnvironmentRecord, place: Placement) -> Handle:
        self.submitted.append(job)
        self.places[job.id] = place
        self._clock = Stopwatch()
        return Handle("venv", job.id, str(place.folder), self._clock.started_at)

    def wait(self, handle: Handle, timeout_s: float) -> JobOutcome | None:
        job = next(job for job in reversed(self.submitted) if job.id == handle.id)
        ending = self.work(job, Path(handle.folder) / "output")
        return self._outcome(handle, ending) if ending else None

    def stop(self, handle: Handle, ending: Ending, reason: str) -> JobOutcome:
        self.stopped.append((ending, reason))
        return self._outcome(handle, ending, reason)

    def reap(self) -> tuple[str, ...]:
        return ()

    def _outcome(self, handle: Handle, ending: Ending, reason: str = "") -> JobOutcome:
        code = {Ending.SUCCEEDED: 0, Ending.FAILED: 1}.get(ending)
        words = reason or ("" if ending is Ending.SUCCEEDED else f"ended: {ending.value}")
        return JobOutcome(ending, code, None, words, handle.started_at, self._clock.now)
