"""The entry runs a command as its own: exit codes, signals, the way to the gateway."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from adapters.runtime import entry

_CHECKOUT = Path(__file__).parents[3]
PATIENCE_S = 120  # for processes that start and end, on a machine that does much else
_ANNOUNCE = "import os, sys, time; print('ready', flush=True); "


@pytest.mark.parametrize("code", [0, 1, 77, 125])
def test_it_returns_the_exit_code_of_the_command(code: int) -> None:
    assert _run("python", "-c", f"raise SystemExit({code})").returncode == code


def test_a_command_ended_by_a_signal_is_128_and_the_signal() -> None:
    done = _run("python", "-c", "import os; os.kill(os.getpid(), 9)")

    assert done.returncode == 128 + signal.SIGKILL


def test_a_leading_python_is_this_interpreter() -> None:
    assert _run("python", "-c", "import sys; print(sys.executable)").stdout.strip() == sys.executable


def test_an_unknown_command_is_127_and_named() -> None:
    done = _run("no-such-command")

    assert done.returncode == 127
    assert "no-such-command" in done.stderr


def test_no_command_is_refused() -> None:
    assert _run().returncode == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_reach_the_command(number: signal.Signals) -> None:
    source = f"import signal; signal.signal({int(number)}, lambda *_: sys.exit(33)); {_ANNOUNCE} time.sleep(60)"
    with _started("python", "-c", f"import sys; {source}") as process:
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == 33


def test_signals_reach_the_whole_group_of_the_command() -> None:
    with _started("sh", "-c", "sh -c 'echo ready; exec sleep 60'; exit 5") as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 128 + signal.SIGTERM


def test_the_command_ends_when_the_entry_is_killed() -> None:
    source = f"import os; print('ready', os.getpid(), flush=True); {_ANNOUNCE} time.sleep(60)"
    with _started("python", "-c", source) as process:
        pid = int(process.first.split()[1])
        process.kill()
        process.wait(PATIENCE_S)

        assert _gone(pid)


def test_a_command_out_of_time_is_ended_with_its_group_and_is_124() -> None:
    done = _run("sh", "-c", "sleep 60 & echo $!; wait", timeout_s=2)

    assert done.returncode == 124
    assert "still running after 2 s" in done.stderr
    assert _gone(int(done.stdout))


def test_out_of_time_what_ignores_sigterm_is_killed() -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
    entry = "import sys, adapters.runtime.entry as e; e._GRACE_S = 0.2; sys.exit(e.main(sys.argv[1:]))"
    argv = [sys.executable, "-c", entry, "--", "python", "-c", code]

    done = subprocess.run(
        argv, env=_environment(timeout_s=0.3), timeout=PATIENCE_S, check=False, stderr=subprocess.DEVNULL
    )

    assert done.returncode == 124


@pytest.mark.parametrize("limit_s", [60, 1e12])
def test_a_command_within_its_time_keeps_its_code_and_does_not_see_the_limit(limit_s: float) -> None:
    source = "import os; raise SystemExit(5 if 'EVALDOCK_TIMEOUT_S' in os.environ else 6)"

    done = _run("python", "-c", source, timeout_s=limit_s)

    assert done.returncode == 6


def test_without_a_socket_there_is_no_gateway() -> None:
    done = _run("python", "-c", "import os; print('EVALDOCK_GATEWAY' in os.environ)")

    assert done.stdout.strip() == "False"


def test_the_gateway_is_there_before_the_command_runs(tmp_path: Path) -> None:
    source = (
        "import os, urllib.request, urllib.error\n"
        "try: urllib.request.build_opener(urllib.request.ProxyHandler({})).open(os.environ['EVALDOCK_GATEWAY'])\n"
        "except urllib.error.HTTPError as error:\n"
        "    with error: print(error.code, error.read().decode())\n"
    )

    done = _run("python", "-c", source, sock=tmp_path / "nobody.sock")

    assert done.stdout.startswith('502 {"error": {"message": ')


def test_the_forwarder_ends_with_the_command(tmp_path: Path) -> None:
    source = "import os; print(os.environ['EVALDOCK_GATEWAY'])"

    url = _run("python", "-c", source, sock=tmp_path / "nobody.sock").stdout.strip()

    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1])))


def test_a_job_that_reaches_nobody_any_more_is_ended_and_is_125_which_a_line_of_its_own_says(tmp_path: Path) -> None:
    # Its calls would fail one after the other, seen by no gateway.
    source = (
        "import os, pathlib, signal, time\n"
        "entry = os.getppid()\n"
        "os.write(2, b'in the middle of a line')\n"
        "for pid in pathlib.Path(f'/proc/{entry}/task/{entry}/children').read_text().split():\n"
        "    if int(pid) != os.getpid(): os.kill(int(pid), signal.SIGKILL)\n"
        "time.sleep(60)"
    )

    done = _run("python", "-c", source, sock=tmp_path / "nobody.sock")

    assert done.returncode == 125
    assert done.stderr.startswith("in the middle of a line\nevaldock: its forwarder is gone")


class _Writes(io.StringIO):
    """Keeps each write apart."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[str] = []

    def write(self, text: str) -> int:
        self.all.append(text)
        return len(text)


def test_what_it_breaks_in_with_is_one_write_so_that_nothing_of_the_command_comes_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = _Writes()
    monkeypatch.setattr(entry, "sys", SimpleNamespace(stderr=said))

    code = entry._break_in("it ends", 125)

    assert (code, said.all) == (125, ["\nevaldock: it ends\n"])


class _Process(subprocess.Popen[str]):
    first = ""


def _environment(sock: Path | None = None, timeout_s: float | None = None) -> dict[str, str]:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(_CHECKOUT)}
    if timeout_s is not None:
        env["EVALDOCK_TIMEOUT_S"] = str(timeout_s)
    return {**env, "EVALDOCK_SOCKET": str(sock)} if sock else env


def _argv(command: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "adapters.runtime.entry", "--", *command]


def _run(*command: str, sock: Path | None = None, timeout_s: float | None = None) -> subprocess.CompletedProcess[str]:
    env = _environment(sock, timeout_s)
    return subprocess.run(_argv(command), env=env, capture_output=True, text=True, timeout=PATIENCE_S, check=False)


@contextmanager
def _started(*command: str) -> Iterator[_Process]:
    with _Process(_argv(command), env=_environment(), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            process.first = process.stdout.readline()
            assert process.first.startswith("ready")
            yield process
        finally:
            process.kill()


def _gone(pid: int) -> bool:
    """Wait until the process ended: gone, or dead and not yet reaped by its new parent."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.01)
    return False
