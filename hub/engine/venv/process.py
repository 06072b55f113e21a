"""Processes as /proc shows them: who is alive, who descends from whom, how much memory a tree holds."""

from __future__ import annotations

import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")
_DEAD = frozenset("ZX")
_POLL_S = (0.01, 0.2)


def start_mark(pid: int) -> str | None:
    """Return the start time of a live process in clock ticks since boot; None where there is none."""
    fields = _stat(pid)
    return fields[19] if fields and fields[0] not in _DEAD else None


def is_alive(pid: int, mark: str) -> bool:
    """Return whether the process that bears both pid and mark lives."""
    return start_mark(pid) == mark


def wait_gone(pid: int, mark: str, timeout_s: float) -> bool:
    """Wait until the process is gone; return False where it still lives after `timeout_s`.

    It is no child of ours, so waitpid does not serve; pidfd_open is missing on kernels that clusters still run.
    """
    deadline = time.monotonic() + timeout_s
    pause, longest = _POLL_S
    while is_alive(pid, mark):
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, longest)
    return True


def kill(pid: int, mark: str, number: signal.Signals) -> None:
    """Signal the process where it still is the one meant."""
    if is_alive(pid, mark):
        _signal(pid, number)


def kill_descendants(root: int) -> bool:
    """Kill every descendant of `root` (not itself); return whether there was one alive."""
    pids = [pid for pid in descendants(root) if start_mark(pid) is not None]
    for pid in pids:
        _signal(pid, signal.SIGKILL)
    return bool(pids)


def kill_marked(variable: str) -> None:
    """Kill every process of this user whose environment has the entry `variable` (NAME=value)."""
    wanted = variable.encode()
    for pid in _pids():
        if pid != os.getpid() and wanted in _environ(pid).split(b"\0"):
            _signal(pid, signal.SIGKILL)


def descendants(root: int) -> tuple[int, ...]:
    """Return the pids of all processes below `root`."""
    children: dict[int, list[int]] = defaultdict(list)
    for pid in _pids():
        if fields := _stat(pid):
            children[int(fields[1])].append(pid)
    found: list[int] = []
    todo = list(children[root])
    while todo:
        pid = todo.pop()
        found.append(pid)
        todo += children[pid]
    return tuple(found)


def memory_above(root: int, limit_bytes: int) -> int | None:
    """Return the bytes that the tree below `root` holds where that is above the limit, else None.

    Counted are anonymous and shared memory: pages of files (weights read by mmap) can be dropped. Pages shared by
    forked workers count several times in the cheap sum; only where it is too high, the exact one is read.
    """
    pids = descendants(root)
    if sum(_resident(pid) for pid in pids) <= limit_bytes:
        return None
    exact = sum(_proportional(pid) for pid in pids)
    return exact if exact > limit_bytes else None


def _resident(pid: int) -> int:
    return _sum_kib(pid, "status", ("RssAnon:", "RssShmem:")) or 0


def _proportional(pid: int) -> int:
    found = _sum_kib(pid, "smaps_rollup", ("Pss_Anon:", "Pss_Shmem:"))
    return _resident(pid) if found is None else found


def _sum_kib(pid: int, name: str, keys: tuple[str, ...]) -> int | None:
    """Return the sum of the lines `Key:   n kB` in bytes, None where the file cannot be read or has none."""
    try:
        lines = (_PROC / str(pid) / name).read_text().splitlines()
    except OSError:
        return None
    values = [int(line.split()[1]) for line in lines if line.startswith(keys)]
    return sum(values) * 1024 if values else None


def _pids() -> Iterator[int]:
    return (int(name) for name in os.listdir(_PROC) if name.isdigit())  # noqa: PTH208 - names, and many


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the third (state) on; empty where there is no such process."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def _environ(pid: int) -> bytes:
    try:
        return (_PROC / str(pid) / "environ").read_bytes()
    except OSError:
        return b""


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return
