"""What an engine is asked to execute (Job) and what happened (JobOutcome): plain, frozen, engine-neutral."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Literal

Via = Literal["endpoint", "in_job"]
Network = Literal["none", "bridge", "host"]

# Where a job finds its things. Engines that cannot mount (venv) build the same tree under a folder and pass
# that folder as EVALDOCK_ROOT; runners go through `adapters.runtime.job.path`, so the texts never differ.
INPUT = "/job/input"
OUTPUT = "/job/output"
PREVIOUS = "/job/previous"  # what the job's last start left in its output, read-only; absent at the first start
MODELS = "/models"
DATA = "/data"
SOCKET_DIR = "/run/evaldock"
SOCKET_NAME = "gateway.sock"
SERVER_SOCKET_NAME = "server.sock"


@dataclass(frozen=True)
class Mount:
    """A host file or folder shown inside the job at `target` (absolute POSIX path)."""

    source: Path
    target: str
    read_only: bool = True


@dataclass(frozen=True)
class Limits:
    """Resource limits of one job: bytes, counts and seconds; None means no limit.

    `idle_s`: how long it may give no sign of life; the hub's business alone.
    """

    memory_bytes: int | None = None
    shm_bytes: int = 1 << 30
    pids: int = 4096
    timeout_s: float | None = None
    idle_s: float | None = None


@dataclass(frozen=True)
class Job:
    """One container or process to run.

    Attributes:
        id: `<n>-<model>-<backend>`, unique in the run and safe as a file name.
        image: name of the folder in images/ whose container image or environment executes the job.
        command: argv inside the job; run by `adapters.runtime.entry`.
        files: relative path -> text, written to /job/input.
        mounts: read-only models and data.
        env: extra variables; never a secret.
        gpus: explicit device ids; empty for none.
        network: `none` unless the task opted out or the job fetches assets.
        gateway: whether the job gets the gateway's socket.
        serves: whether it is a model server: EVALDOCK_LISTEN names the socket that it makes, in a folder that it
            may write, and it serves there until it is stopped.
    """

    id: str
    image: str
    command: tuple[str, ...]
    files: Mapping[str, str]
    mounts: tuple[Mount, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    gpus: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    network: Network = "none"
    gateway: bool = False
    serves: bool = False


class Ending(str, Enum):
    """How the process of a job ended, as the engine saw it."""

    SUCCEEDED = "succeeded"  # exit code 0
    FAILED = "failed"  # another exit code
    SIGNALLED = "signalled"  # ended by a signal that evaldock did not send
    OUT_OF_MEMORY = "out_of_memory"  # ended by the kernel for its memory limit
    TIMED_OUT = "timed_out"  # stopped by evaldock for its time-out, or for its silence
    STOPPED = "stopped"  # stopped by the user
    LOST = "lost"  # the process or container is gone and left no exit status


@dataclass(frozen=True)
class JobOutcome:
    """How a job ended.

    Attributes:
        exit_code: the process's, None where there is none.
        signal: number of the signal that ended it, None where none did.
        reason: one sentence for the user; empty when it succeeded.
        started_at, ended_at: seconds since the epoch (UTC).
    """

    ending: Ending
    exit_code: int | None
    signal: int | None
    reason: str
    started_at: float
    ended_at: float
