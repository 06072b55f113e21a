"""The hub's hold on the gateway: start its process, say where its sockets are, give it orders, end it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from hub.errors import GatewayError, PrerequisiteError
from hub.gateway.config import Books, Listener, Route, Verdict
from hub.gateway.folders import is_free, make_books_folders, make_socket_dirs, run_folder
from hub.gateway.news import News
from hub.gateway.protocol import READY, Begin, Begun, Command, End, Ended, encode_command, encode_start
from hub.job import SOCKET_NAME
from hub.removal import remove_what_can_be
from hub.settings import Settings

_START_DEADLINE_S = 60.0  # some 0.3 s; on a machine where everything waits for a processor, far more
_STOP_DEADLINE_S = 10.0
_ORDER_DEADLINE_S = 20.0
_STDERR_TAIL = 2000
_SOURCE = Path(__file__).resolve().parents[2]
# glibc would keep what large bodies took, in pieces that fit no other: each such block is given back when it is free.
# What asyncio reads into (256 KiB each time) is not.
_MALLOC = {"MALLOC_MMAP_THRESHOLD_": str(1 << 20), "MALLOC_TRIM_THRESHOLD_": str(16 << 20), "MALLOC_ARENA_MAX": "2"}
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
        self._news = News(process)
        self._last_words = ""
        self._stopped = False
        self._guard = threading.Lock()  # each job gives its orders in a thread of its own

    @classmethod
    def start(
        cls, settings: Settings, run_id: str, routes: tuple[Route, ...], books: Books, *, patience_s: float = 0.0
    ) -> Gateway:
        """Start the gateway and return once every socket accepts connections.

        `patience_s`: for so long a gateway that the run has already may take to end: that of a killed hub ends soon.

        Raises:
            PrerequisiteError: a key's variable is not set, or no place for the sockets or the books.
            GatewayError: it did not get ready within a minute, or the run has a gateway already.
        """
        environment = _environment(routes, os.environ)
        make_books_folders(books)
        folder = run_folder(settings.runtime_dir, run_id)
        socket_dirs = make_socket_dirs(settings.runtime_dir, run_id, [route.job_id for route in routes])
        listeners = [Listener(route, socket_dirs[route.job_id] / SOCKET_NAME) for route in routes]
        if not is_free([listener.socket for listener in listeners], patience_s):
            raise GatewayError(
                f"the run {run_id!r} has a gateway already", hint="let the other evaldock process end first"
            )
        stderr = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop
        gateway = cls(_spawn(environment, stderr), folder, socket_dirs, stderr)
        try:
            gateway._begin(encode_start(listeners, books))
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

    def last_words(self) -> str:
        """Return what it wrote on standard error: why it died, where it did."""
        with self._guard:
            return self._last_words if self._stopped else _tail(self._stderr)

    def verdict(self, job_id: str) -> Verdict | None:
        """Return why the job cannot be what was planned, None while it can; does not wait."""
        return self._news.verdict(job_id)

    def end_job(self, job_id: str) -> None:
        """Let the job's calls end (those whose client has left, too, for a few seconds) and its rows become durable.

        Raises:
            GatewayError: the gateway died before, or does not answer.
        """
        self._order(End(job_id), Ended(job_id))

    def begin_job(self, route: Route) -> None:
        """Serve a job that has ended once more, as its next session, at the same socket and of the same upstreams.

        Raises:
            GatewayError: the gateway died before, or does not answer.
        """
        socket = self._socket_dirs[route.job_id] / SOCKET_NAME
        self._order(Begin(Listener(route, socket)), Begun(route.job_id))

    def stop(self) -> None:
        """End the process and remove the sockets."""
        if not self._stopped:
            self._end(_STOP_DEADLINE_S)

    def __enter__(self) -> Gateway:  # noqa: PYI034 - typing.Self is of Python 3.11
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.stop()

    def _begin(self, line: str) -> None:
        self._say(line)
        if self._news.first_line(_START_DEADLINE_S) != READY:
            code = self._process.poll()
            what = f"was not ready within {_START_DEADLINE_S:g} s" if code is None else f"ended with code {code}"
            raise GatewayError(f"the gateway {what}\n{self.last_words()}".rstrip())
        self._news.start()

    def _order(self, command: Command, expected: Begun | Ended) -> None:
        self._news.forget(expected)
        self._say(encode_command(command))
        if not self._news.wait_for(expected, _ORDER_DEADLINE_S):
            what = "does not answer" if self._news.more() else "died"
            if what == "died":
                with suppress(subprocess.TimeoutExpired):  # its last words are complete then
                    self._process.wait(1)
            raise GatewayError(f"the gateway {what}\n{self.last_words()}".rstrip())

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - for mypy: _spawn asked for pipes
        with self._guard, suppress(BrokenPipeError, ValueError):  # it died, or was stopped: the missing answer tells
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def _end(self, deadline_s: float) -> None:
        """Close its standard input, which tells it to end, and wait for that."""
        assert self._process.stdin is not None  # noqa: S101 - for mypy: _spawn asked for pipes
        try:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
            try:
                self._process.wait(deadline_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        finally:
            self._news.close()
            self._last_words = _tail(self._stderr)
            self._stopped = True
            self._stderr.close()
            remove_what_can_be(self._folder)


def _environment(routes: Iterable[Route], environ: Mapping[str, str]) -> dict[str, str]:
    names = {upstream.api_key_env for route in routes for upstream in route.upstreams.values()}
    keys = {name: environ.get(name, "").strip() for name in sorted(filter(None, names))}
    for name, key in keys.items():
        if not key:
            raise PrerequisiteError(f"the environment variable {name} is not set", hint=f"export {name}=...")
        if not (key.isascii() and key.isprintable()):
            raise PrerequisiteError(f"the value of {name} is no API key: it has characters that no header can hold")
    return {name: environ[name] for name in _KEPT if name in environ} | _MALLOC | keys


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


def _tail(stderr: IO[bytes]) -> str:
    size = stderr.seek(0, os.SEEK_END)
    stderr.seek(max(size - _STDERR_TAIL, 0))
    return stderr.read().decode(errors="replace")
