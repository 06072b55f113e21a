"""stop: end a run that another process drives, once that process is proven to be the one which holds its lock."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hub.engine import EngineName
from hub.engine.venv.process import kill, start_mark
from hub.engines import make_engine
from hub.errors import EvaldockError, PrerequisiteError
from hub.runs import RunFolder, is_live, open_run, shown_state
from hub.settings import Settings

_PATIENCE_S = 90.0  # a hub gives its job 10 s, reads what it wrote, and has 30 s for all else
_FORCED_S = 10.0
_POLL_S = 0.1


@dataclass(frozen=True)
class Stopped:
    """What became of it: its state now, whether it was live before, whether its hub was killed, and leftovers."""

    state: str
    was_live: bool
    killed: bool = False
    reaped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Hub:
    """The process that drives a run; `mark`, its start time, tells it from a later one with the same pid."""

    pid: int
    mark: str


def stop(
    run: RunFolder,
    settings: Settings,
    *,
    force: bool = False,
    patience_s: float = _PATIENCE_S,
    tell: Callable[[str], None],
) -> Stopped:
    """Ask the run's hub to end it in good order and wait; with `force`, kill the hub where it does not.

    Raises:
        PrerequisiteError: the hub is not on this machine, or not ours to signal.
        EvaldockError: it has not ended within `patience_s` (and `force` was not said).
    """
    if not is_live(run):
        return Stopped(_state(run), was_live=False, reaped=_reap(run, settings))
    hub = _hub_of(run)
    number = _gentle_signal(hub.pid)
    tell(f"asking process {hub.pid} to end the run ({number.name})")
    kill(hub.pid, hub.mark, number)
    if _ended(run, min(_FORCED_S, patience_s) if force else patience_s):
        return Stopped(_state(run), was_live=True)
    if not force:
        message = f"run {run.record.run_id!r} was told to end, and has not within {patience_s:.0f} s"
        raise EvaldockError(message, hint="`evaldock logs` shows what it does; --force kills its hub")
    tell(f"killing process {hub.pid}")
    kill(hub.pid, hub.mark, signal.SIGKILL)
    if not _ended(run, patience_s):
        raise EvaldockError(f"process {hub.pid} cannot be killed", hint=f"look at `ps -o stat,wchan {hub.pid}`")
    return Stopped(_state(run), was_live=True, killed=True, reaped=_reap(run, settings))


def _hub_of(run: RunFolder) -> Hub:
    """Return the process that holds the run's lock: the pid in the lock, if that process has this very file open.

    Its start time is read first and the proof made after, so that what is signalled is what was proven.

    Raises:
        PrerequisiteError: no such process here, or not ours to look at.
    """
    lock = run.path / ".lock"
    try:
        pid = int(lock.read_text(encoding="utf-8"))
        mark = start_mark(pid)
    except (OSError, ValueError) as error:
        raise _elsewhere(run) from error
    if mark is None or not _has_open(pid, lock):
        raise _elsewhere(run)
    return Hub(pid, mark)


def _elsewhere(run: RunFolder) -> PrerequisiteError:
    message = f"run {run.record.run_id!r} is live, but the process that drives it is not one of this machine"
    return PrerequisiteError(message, hint="stop it where it was started: on its host, or in its container")


def _has_open(pid: int, lock: Path) -> bool:
    """Return whether the process has the lock open.

    Raises:
        PrerequisiteError: it is somebody else's.
    """
    wanted = lock.stat()
    try:
        links = list(Path(f"/proc/{pid}/fd").iterdir())
    except PermissionError as error:
        message = f"process {pid}, which drives it, belongs to another user"
        raise PrerequisiteError(message, hint="only that user or root can stop it") from error
    except OSError:
        return False
    return any(_is_file(link, wanted) for link in links)


def _is_file(link: Path, wanted: os.stat_result) -> bool:
    try:
        found = link.stat()
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino)


def _gentle_signal(pid: int) -> signal.Signals:
    """Return the signal that the hub ends in good order on: one that it catches.

    `evaldock run` catches SIGTERM; a program that calls run() itself may catch only Ctrl-C.
    """
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        caught = int(next(line.split()[1] for line in text.splitlines() if line.startswith("SigCgt:")), 16)
    except (OSError, StopIteration, ValueError):
        return signal.SIGTERM
    wishes = (signal.SIGTERM, signal.SIGINT)
    return next((number for number in wishes if caught >> (number - 1) & 1), signal.SIGTERM)


def _ended(run: RunFolder, patience_s: float) -> bool:
    until = time.monotonic() + patience_s
    while is_live(run):
        if time.monotonic() > until:
            return False
        time.sleep(_POLL_S)
    return True


def _state(run: RunFolder) -> str:
    return shown_state(open_run(run.path))


def _reap(run: RunFolder, settings: Settings) -> tuple[str, ...]:
    """Remove what a dead hub's jobs have left in the run's engine; what cannot be removed is said."""
    names: dict[str, EngineName] = {"docker": "docker", "venv": "venv"}
    name = names.get(run.record.engine)
    if name is None:
        return ()
    try:
        return make_engine(name, settings).reap()
    except EvaldockError as error:
        return (f"leftovers of its jobs were not looked for: {error.message}",)
