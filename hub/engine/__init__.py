"""The engine protocol: where a job executes. Implementations: docker/, venv/.

A handle is JSON and outlives the hub's process, so that a run can be found, stopped and reaped by another one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from hub.finding import Finding
from hub.images import ImageSpec
from hub.job import Ending, Job, JobOutcome
from hub.report import EnvironmentRecord

Isolation = Literal["container", "namespace", "none"]
EngineName = Literal["docker", "venv"]
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Handle:
    """A job that an engine holds: plain strings and numbers, written to the job's folder.

    Attributes:
        id: container id, or pid of the job's supervisor.
        folder: the job's folder; the engine writes log.txt in it.
        started_at: seconds since the epoch.
        mark: tells this process or container from a later one with the same id.
    """

    engine: EngineName
    id: str
    folder: str
    started_at: float
    mark: str = ""


@dataclass(frozen=True)
class Placement:
    """Where a job's things lie on this host.

    Attributes:
        run_id: for labels.
        folder: the job's folder, with input/ (already written) and output/ (empty) in it.
        socket_dir: private folder of the job's gateway socket, or of the socket that a server makes; None where the
            job has neither.
    """

    run_id: str
    folder: Path
    socket_dir: Path | None = None


class Engine(Protocol):
    """Where jobs execute. Methods raise PrerequisiteError (not usable), ImageError, EngineError."""

    @property
    def name(self) -> EngineName:
        """Return the engine's name."""

    @property
    def isolation(self) -> Isolation:
        """Return how strongly this engine isolates a job on this machine."""

    def check(self, *, gpus: bool, probe: bool = True) -> tuple[Finding, ...]:
        """Look whether jobs (with GPUs) can run here; starts at most a probe (none when told so), leaves nothing."""

    def find(self, image: ImageSpec) -> EnvironmentRecord | None:
        """Return the environment where it already exists, else None."""

    def prepare(self, image: ImageSpec, progress: Progress) -> EnvironmentRecord:
        """Build what is missing, telling `progress` line by line; safe to interrupt and repeat."""

    def job_user(self, folder: Path) -> tuple[int, int]:
        """Return uid and gid that a job of this folder runs as, so that sockets and output can be given to them."""

    def submit(self, job: Job, environment: EnvironmentRecord, place: Placement) -> Handle:
        """Start the job and return at once."""

    def wait(self, handle: Handle, timeout_s: float) -> JobOutcome | None:
        """Return the outcome, or None when it still runs after `timeout_s`; releases what the engine held."""

    def stop(self, handle: Handle, ending: Ending, reason: str) -> JobOutcome:
        """End the job (SIGTERM, then SIGKILL after a grace period), release it, and say why it ended."""

    def reap(self) -> tuple[str, ...]:
        """Remove what dead hubs of this owner left behind; return a line for each."""
