"""The first process of a job: open the way to the gateway, run the command, pass signals on, return its code.

`python -m adapters.runtime.entry -- CMD...`; a leading `python` means this interpreter. In the command of a model
server `{port}` is a free port of 127.0.0.1, which its socket is forwarded to. The entry reaps orphans too, for it may
be process 1 of its namespace. A command that still runs after EVALDOCK_TIMEOUT_S seconds is ended, and the code is
124: the hub ends it earlier, unless the hub is dead. One whose forwarder is gone is ended, too, and the code is 125:
nobody would reach the server any more, or the job would reach nobody.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Sequence

_FORWARDED = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
_WAITED = _FORWARDED | {signal.SIGCHLD}
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1
_PR_SET_PDEATHSIG = 1
_NOT_FOUND, _NOT_EXECUTABLE, _CUT_OFF, _TIMED_OUT = 127, 126, 125, 124
_GRACE_S = 10.0
_LONGEST_WAIT_S = 86400.0  # one of centuries overflows
_PORT = "{port}"


def main(argv: Sequence[str]) -> int:
    """Run the command after `--`; return its exit code, 128 + n where signal n ended it, 124 late, 125 cut off."""
    command = list(argv[1:] if argv[:1] == ["--"] else argv)
    if not command:
        return _say("no command: use `python -m adapters.runtime.entry -- CMD...`", 2)
    if command[0] == "python":
        command[0] = sys.executable
    # Blocked rather than handled: a signal that comes before the command runs waits instead of being lost.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, _WAITED)
    env = {"PYTHONUNBUFFERED": "1", **os.environ}
    timeout = env.pop("EVALDOCK_TIMEOUT_S", None)
    forwarder = _open_gateway(env) or _open_server(env, command)
    try:
        return _run(command, env, float(timeout) if timeout else None, forwarder)
    finally:
        if forwarder:
            _end(forwarder)


def _open_gateway(env: dict[str, str]) -> subprocess.Popen[bytes] | None:
    """Forward a loopback port to the job's socket, where it has one, and tell the command through `env`."""
    path = env.get("EVALDOCK_SOCKET")
    if not path:
        return None
    _bring_up_loopback()
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        env["EVALDOCK_GATEWAY"] = f"http://127.0.0.1:{listener.getsockname()[1]}"
        argv = (sys.executable, "-m", "adapters.runtime.forward", str(listener.fileno()), path)
        return _spawn(argv, env, keep=(listener.fileno(),))


def _open_server(env: dict[str, str], command: list[str]) -> subprocess.Popen[bytes] | None:
    """Forward the server's socket to the port that its command wants, and tell the command which that is."""
    path = env.get("EVALDOCK_LISTEN")
    if not path or not any(_PORT in argument for argument in command):
        return None
    _bring_up_loopback()
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = str(found.getsockname()[1])
    command[:] = [argument.replace(_PORT, port) for argument in command]
    return _spawn((sys.executable, "-m", "adapters.runtime.listen", path, port), env)


def _bring_up_loopback() -> None:
    """Switch `lo` on where a new network namespace left it off; where that is forbidden, binding tells."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle, contextlib.suppress(OSError):
        answer = fcntl.ioctl(handle, _SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0))
        flags = struct.unpack("16sH14x", answer)[1]
        if not flags & _IFF_UP:
            fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


def _run(
    command: list[str], env: dict[str, str], timeout_s: float | None, forwarder: subprocess.Popen[bytes] | None
) -> int:
    try:
        child = _spawn(command, env)
    except FileNotFoundError:
        return _say(f"command not found: {command[0]!r}", _NOT_FOUND)
    except PermissionError:
        return _say(f"not executable: {command[0]!r}", _NOT_EXECUTABLE)
    ended = _wait((child, forwarder) if forwarder else (child,), timeout_s)
    if ended is child:
        return child.returncode if child.returncode >= 0 else 128 - child.returncode
    if ended is None:
        code = _break_in(f"still running after {timeout_s:g} s, and nobody stopped it: ending it", _TIMED_OUT)
    else:
        code = _break_in("its forwarder is gone, so nothing passes its socket any more: ending it", _CUT_OFF)
    _end_group(child)
    return code


def _spawn(argv: Sequence[str], env: dict[str, str], *, keep: Sequence[int] = ()) -> subprocess.Popen[bytes]:
    """Start a process in its own group that takes signals again and that ends when this one does."""
    libc = ctypes.CDLL(None)

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _WAITED)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    # preexec_fn is unsafe beside threads; this process has one.
    return subprocess.Popen(argv, env=env, pass_fds=keep, start_new_session=True, preexec_fn=prepare)  # noqa: PLW1509


def _wait(processes: Sequence[subprocess.Popen[bytes]], timeout_s: float | None) -> subprocess.Popen[bytes] | None:
    """Pass signals to the first one's group and reap all; return which of these ended first, None: out of time."""
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    while True:
        number = _next_signal(deadline)
        if number is None:
            return None
        if number in _FORWARDED:
            _signal_group(processes[0], number)
        reaped = dict(_reaped())
        for process in processes:
            if process.pid in reaped:
                process.returncode = os.waitstatus_to_exitcode(reaped[process.pid])
                return process


def _next_signal(deadline: float | None) -> int | None:
    """Wait for one of the signals that concern us; None where the deadline comes first."""
    if deadline is None:
        return signal.sigwait(_WAITED)
    while (left := deadline - time.monotonic()) > 0:
        if found := signal.sigtimedwait(_WAITED, min(left, _LONGEST_WAIT_S)):
            return found.si_signo
    return None


def _end_group(child: subprocess.Popen[bytes]) -> None:
    """Ask the command's group to end; what does not within the grace period is killed, and so are its children."""
    _signal_group(child, signal.SIGTERM)
    _wait((child,), _GRACE_S)
    _signal_group(child, signal.SIGKILL)


def _signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)


def _reaped() -> list[tuple[int, int]]:
    """Return pid and status of every child that ended; signals that wait at once arrive as one."""
    found = []
    with contextlib.suppress(ChildProcessError):
        while (entry := os.waitpid(-1, os.WNOHANG))[0]:
            found.append(entry)
    return found


def _end(forwarder: subprocess.Popen[bytes]) -> None:
    forwarder.kill()
    forwarder.wait()


def _say(message: str, code: int) -> int:
    sys.stderr.write(f"evaldock: {message}\n")
    return code


def _break_in(message: str, code: int) -> int:
    """Say it on a line of its own, though the command, which still runs, may be in the middle of one.

    It is one write: between two, something that the command writes may come.
    """
    sys.stderr.write(f"\nevaldock: {message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
