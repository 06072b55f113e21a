"""Shut a throw-away process in, step by step: its parent's death, limits, namespaces, and at last the seal."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from adapters.native.evaluator.sandbox.calls import allowing_code
from adapters.runtime.seccomp import install, machine

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4
_NEW_USER, _NEW_IPC, _NEW_UTS, _NEW_NET = 0x10000000, 0x08000000, 0x04000000, 0x40000000
_CAPABILITY_VERSION = 0x20080522  # linux/capability.h: two words of 32 bits for each of three sets
_DESCRIPTORS = 32


def die_with(parent: int) -> None:
    """End when `parent` does, however it ends; at once where it is gone already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def go_first() -> None:
    """Be what the kernel ends where memory runs out, before the evaluator."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def limit(*, memory_bytes: int, cpu_s: int) -> None:
    """Bound memory, processor time, files and their size; a debugger of the same user finds a closed door."""
    limits = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_NOFILE: _DESCRIPTORS,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in limits.items():
        _, hard = resource.getrlimit(kind)
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (bound, bound))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def leave_namespaces() -> None:
    """Go into namespaces of one's own, without a network, where the kernel allows it: the seal holds without them.

    Comes before `die_with`, since a process that gains rights in a namespace forgets its parent's death.
    """
    ctypes.CDLL(None).unshare(_NEW_USER | _NEW_NET | _NEW_IPC | _NEW_UTS)


def keep_only(descriptors: Collection[int]) -> None:
    """Close all but these; standard input, output and error lead nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    # Whoever started this process handed three on; all others are its own, and few.
    for descriptor in set(range(3, 2 * _DESCRIPTORS)) - set(descriptors):
        with suppress(OSError):
            os.close(descriptor)


def drop_rights() -> None:
    """Give up all that root may: even sealed, it could raise its own limits."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    ctypes.CDLL(None).capset(header, (ctypes.c_uint32 * 6)())


def seal() -> str:
    """Allow nothing from here on but what `calls` lists; return why that is impossible here, else nothing."""
    code = allowing_code()
    if code is None:
        return f"evaldock cannot shut a program in on {machine()}"
    drop_rights()
    return install(code)
