"""Linux namespaces by system call: cut a process off from the network and from other processes, without root.

`python -m hub.engine.namespace FENCE` tries a fence in a process of its own and exits 0 where it holds.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import signal
import socket
import struct
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Literal, get_args

# full: own users, network, processes, mounts, host name; network: the same without processes, where /proc cannot be
# mounted anew (inside many containers); none: the kernel allows nothing.
Fence = Literal["full", "network", "none"]

_NEWNS, _NEWUTS, _NEWIPC = 0x00020000, 0x04000000, 0x08000000
_NEWUSER, _NEWPID, _NEWNET = 0x10000000, 0x20000000, 0x40000000
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x2, 0x4, 0x8, 0x1000, 0x4000, 0x40000
_RUN = Path("/run")
_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 24, 36, 38
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1
_LAST_CAPABILITY = 63
_PROBE_TIMEOUT_S = 20
_COUNTED_BY_NAMESPACE = (5, 14)


def enter(fence: Fence, *, network: bool) -> None:
    """Leave the namespaces of the host; the next child of this process is process 1 where the fence is full.

    Raises:
        OSError: the kernel refuses.
    """
    if fence == "none":
        return
    uid, gid = os.geteuid(), os.getegid()
    flags = _NEWUSER | _NEWNS | _NEWIPC | _NEWUTS
    _checked(_libc().unshare(flags | (0 if network else _NEWNET) | (_NEWPID if fence == "full" else 0)))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def settle(fence: Fence, *, network: bool, sockets: Path | None = None) -> None:
    """Finish inside the namespaces: own /proc, loopback up, /run hidden; then give up every privilege for good.

    Args:
        fence: what `enter` was told.
        network: whether the host's network stays.
        sockets: what stays visible of /run, which is hidden without a network: the sockets of the host's services
            (Docker, the session bus) are ways out. None hides nothing.

    Raises:
        OSError: the kernel refuses.
    """
    if fence != "none":
        _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
        if fence == "full":
            _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
        if not network:
            _bring_up_loopback()
        if not network and sockets is not None:
            _hide_run(sockets)
        _drop_capabilities()
    _checked(_libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent ends."""
    _checked(_libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _checked(_libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))


@cache
def best_fence() -> Fence:
    """Return the strongest fence that holds on this machine; tried once per process."""
    if _holds("full"):
        return "full"
    return "network" if _holds("network") else "none"


def counts_processes(fence: Fence) -> bool:
    """Return whether RLIMIT_NPROC bounds a job in this fence, and nothing but the job.

    Since Linux 5.14 the kernel counts the processes of a user by user namespace, before that all that the user has on
    the machine; and it never holds root to the limit.
    """
    numbers = re.findall(r"\d+", os.uname().release)[:2]
    return fence != "none" and os.getuid() != 0 and tuple(map(int, numbers)) >= _COUNTED_BY_NAMESPACE


def _holds(fence: Fence) -> bool:
    argv = (sys.executable, "-m", "hub.engine.namespace", fence)
    env = {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(
            argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PROBE_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _hide_run(kept: Path) -> None:
    """Lay an empty folder over /run, with `kept` in it where that lies there."""
    handle = os.open(kept, os.O_PATH | os.O_DIRECTORY)
    _mount("tmpfs", str(_RUN), "tmpfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    if kept.resolve().is_relative_to(_RUN):
        kept.mkdir(parents=True)
        _mount(f"/proc/self/fd/{handle}", str(kept), None, _MS_BIND | _MS_REC)
    os.close(handle)


def _mount(source: str, target: str, kind: str | None, flags: int) -> None:
    encoded = kind.encode() if kind else None
    _checked(_libc().mount(source.encode(), target.encode(), encoded, ctypes.c_ulong(flags), None))


def _bring_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        answer = fcntl.ioctl(handle, _SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0))
        flags = struct.unpack("16sH14x", answer)[1]
        fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


def _drop_capabilities() -> None:
    """Empty the bounding set: the next exec, even as root of this namespace, starts with no capability."""
    for capability in range(_LAST_CAPABILITY + 1):
        if _libc().prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            return  # the kernel knows no more of them


def _try_fence(fence: Fence) -> int:
    """Enter the fence in a child and look whether it holds: loopback works, the network does not."""
    enter(fence, network=False)
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        settle(fence, network=False, sockets=_RUN.parent)
        code = 0 if _cut_off() else 1
    finally:
        os._exit(code)


def _cut_off() -> bool:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outside:
        return outside.connect_ex(("192.0.2.1", 9)) != 0


if __name__ == "__main__":
    wanted = sys.argv[1]
    sys.exit(next(_try_fence(fence) for fence in get_args(Fence) if fence == wanted))
