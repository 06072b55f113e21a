"""The hub's hold on the gateway: start its process, say where its sockets are, end it, collect its counts."""

from __future__ import annotations

import os
import selectors
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from hub.errors import GatewayError, PrerequisiteError
from hub.gateway.config import READY, CallCount, Listener, Route, decode_counts, encode_listeners
from hub.gateway.folders import is_served, make_socket_dirs, run_folder
from hub.job import SOCKET_NAME
from hub.settings import Settings

_START_DEADLINE_S = 15.0
_STOP_DEADLINE_S = 10.0
_STDERR_TAIL = 2000
_SOURCE = Path(__file__).resolve().parents[2]
# What a Python process and its way to the network need; everything else of the hub's environment stays here.
_KEPT = (
    *("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
)


class Gateway:
    """A running gateway; a context manager that stops it."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        folder: Path,
        socket_dirs: Mapping[str, Path],
        stderr: IO[bytes],
    ) -> None:
        """Hold a process that was spawned; `start` does both."""
        self._process = process
        self._folder = folder
        self._socket_dirs = socket_dirs
        self._stderr = stderr
        self._counts: tuple[CallCount, ...] | None = None

    @classmethod
    def start(cls, settings: Settings, run_id: str, routes: tuple[Route, ...]) -> Gateway:
        """Start the gateway and return once every socket accepts connections.

        Raises:
            PrerequisiteError: a key's variable is not set, or no place for the sockets.
            GatewayError: it did not get ready within 15 s, or the run has a gateway already.
        """
        environment = _environment(routes, os.environ)
        folder = run_folder(settings.runtime_dir, run_id)
        socket_dirs = make_socket_dirs(settings.runtime_dir, run_id, [route.job_id for route in routes])
        listeners = [Listener(route, socket_dirs[route.job_id] / SOCKET_NAME) for route in routes]
        if any(is_served(listener.socket) for listener in listeners):
            raise GatewayError(
                f"the run {run_id!r} has a gateway already", hint="let the other evaldock process end first"
            )
        stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop
        gateway = cls(_spawn(environment, stderr), folder, socket_dirs, stderr)
        try:
            gateway._begin(listeners)
        except BaseException:  # an interrupt too must leave no process behind
            gateway._end(deadline_s=0)
            raise
        return gateway

    def socket_dir(self, job_id: str) -> Path:
        """Return the folder with the job's socket, to be mounted as a whole."""
        return self._socket_dirs[job_id]

    def alive(self) -> bool:
        """Return whether the process still runs."""
        return self._process.poll() is None

    def stop(self) -> tuple[CallCount, ...]:
        """End the process, remove the sockets and return what it counted: nothing if it had died."""
        if self._counts is None:
            self._counts = decode_counts(self._end(_STOP_DEADLINE_S))
        return self._counts

    def __enter__(self) -> Gateway:  # noqa: PYI034 - typing.Self is of Python 3.11
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    def _begin(self, listeners: Iterable[Listener]) -> None:
        assert self._process.stdin is not None  # noqa: S101 - for mypy: _spawn asked for pipes
        with suppress(BrokenPipeError):  # it died: the missing ready line tells
            self._process.stdin.write(encode_listeners(listeners).encode() + b"\n")
            self._process.stdin.flush()
        if _first_line(self._process, _START_DEADLINE_S) != READY:
            code = self._process.poll()
            what = f"was not ready within {_START_DEADLINE_S:g} s" if code is None else f"ended with code {code}"
            raise GatewayError(f"the gateway {what}\n{_tail(self._stderr)}".rstrip())

    def _end(self, deadline_s: float) -> str:
        """Close its standard input, which tells it to end, and return what it wrote."""
        try:
            written, _ = self._process.communicate(timeout=deadline_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            written, _ = self._process.communicate()
        finally:
            self._stderr.close()
            shutil.rmtree(self._folder, ignore_errors=True)
        return written.decode()


def _environment(routes: Iterable[Route], environ: Mapping[str, str]) -> dict[str, str]:
    names = {upstream.api_key_env for route in routes for upstream in route.upstreams.values()}
    keys = {name: environ.get(name, "").strip() for name in sorted(filter(None, names))}
    for name, key in keys.items():
        if not key:
            raise PrerequisiteError(f"the environment variable {name} is not set", hint=f"export {name}=...")
        if not (key.isascii() and key.isprintable()):
            raise PrerequisiteError(f"the value of {name} is no API key: it has characters that no header can hold")
    return {name: environ[name] for name in _KEPT if name in environ} | keys


def _spawn(environment: Mapping[str, str], stderr: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the process in a session of its own: Ctrl-C must not end it before the hub does."""
    return subprocess.Popen(
        [sys.executable, "-m", "hub.gateway"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=environment,
        cwd=_SOURCE,
        start_new_session=True,
    )


def _first_line(process: subprocess.Popen[bytes], deadline_s: float) -> str:
    """Return the first line of its output, cut short where it ends or the time is up."""
    assert process.stdout is not None  # noqa: S101 - for mypy: _spawn asked for pipes
    until = time.monotonic() + deadline_s
    line = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not line.endswith(b"\n") and selector.select(max(until - time.monotonic(), 0)):
            byte = os.read(process.stdout.fileno(), 1)
            if not byte:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(1)
                break
            line += byte
    return line.decode().rstrip()


def _tail(stderr: IO[bytes]) -> str:
    size = stderr.seek(0, os.SEEK_END)
    stderr.seek(max(size - _STDERR_TAIL, 0))
    return stderr.read().decode(errors="replace")
