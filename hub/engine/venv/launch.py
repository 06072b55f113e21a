"""Start a job's first process inside its fence: forks, namespaces, limits, exec."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from hub.engine.namespace import Fence, die_with_parent, enter, settle

_CANNOT_START = 126
_OOM_SCORE = "500"
_FILES = 1 << 16


@dataclass(frozen=True)
class Spec:
    """What the supervisor is told: plain JSON on its standard input.

    Attributes:
        folder: the job's folder.
        cwd: where the command starts.
        records: folder of the engine's records.
        network: whether the job may use the host's network.
        sockets: what stays visible of the host's /run; None hides nothing.
        memory_bytes: limit for the whole tree, None for none.
        timeout_s: limit that the entry keeps, None for none.
        pids: limit for processes and threads, None where the kernel cannot count them per job.
        grace_s: time between SIGTERM and SIGKILL.
    """

    argv: list[str]
    env: dict[str, str] = field(repr=False)
    folder: str
    cwd: str
    records: str
    fence: Fence
    network: bool
    sockets: str | None
    memory_bytes: int | None
    timeout_s: float | None
    pids: int | None
    grace_s: float


def launch(spec: Spec, output: int) -> int:
    """Start the command with `output` as its stdout and stderr and return its pid.

    An intermediate process enters the namespaces, starts the job and ends at once, so that the job becomes the
    child of this process (which adopts orphans) and yet is process 1 of its own namespace.
    """
    report, answer = os.pipe()
    tie, hold = os.pipe()  # `hold` stays open: that it closes tells the job that the supervisor ended
    middle = os.fork()
    if middle == 0:
        os.close(hold)
        _enter_and_fork(spec, output, answer, tie)
    os.close(answer)
    os.close(tie)
    text = os.read(report, 32)
    os.close(report)
    if not text:
        return middle  # it failed and said so in the log; the caller reaps it like a job
    os.waitpid(middle, 0)
    os.write(hold, b"g")  # only now are we the job's parent, whose death it may ask to die of
    return int(text)


def _enter_and_fork(spec: Spec, output: int, answer: int, tie: int) -> NoReturn:
    try:
        _reset_signals()
        os.dup2(output, 1)
        os.dup2(output, 2)
        enter(spec.fence, network=spec.network)
        job = os.fork()
        if job == 0:
            _become(spec, tie)
        os.write(answer, str(job).encode())
        os._exit(0)
    except BaseException as error:  # noqa: BLE001 - a fork must never run on into its parent's code
        _give_up(error)


def _become(spec: Spec, tie: int) -> NoReturn:
    """Turn into the job's command; from here on, death of the supervisor is death of the job."""
    try:
        told = os.read(tie, 1)
        die_with_parent()
        if not told or select.select([tie], [], [], 0)[0]:
            os._exit(_CANNOT_START)
        os.setsid()
        _limit(spec.pids)
        settle(spec.fence, network=spec.network, sockets=Path(spec.sockets) if spec.sockets else None)
        os.chdir(spec.cwd)
        os.closerange(3, _highest_descriptor())
        os.execve(spec.argv[0], spec.argv, spec.env)  # noqa: S606 - no shell is the point
    except BaseException as error:  # noqa: BLE001 - as above
        _give_up(error)


def _limit(pids: int | None) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if pids is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
        most = pids if hard == resource.RLIM_INFINITY else min(pids, hard)
        resource.setrlimit(resource.RLIMIT_NPROC, (most, most))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, _FILES), hard))
    with contextlib.suppress(OSError):  # the kernel should end the job before the hub
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)


def _reset_signals() -> None:
    """Undo the supervisor's handlers; what the entry waits for is blocked until it does, so that none is lost."""
    signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)


def _highest_descriptor() -> int:
    return max(int(name) for name in os.listdir("/proc/self/fd")) + 1  # noqa: PTH208


def _give_up(error: BaseException) -> NoReturn:
    os.write(2, f"evaldock: the job cannot start: {error!r}\n".encode())
    os._exit(_CANNOT_START)
