"""One server as the engine holds it: submitted, waited for until it answers, looked at, ended."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from hub.engine import Engine, Handle, Placement
from hub.errors import ServerError
from hub.files import write_atomic
from hub.interrupts import undisturbed
from hub.job import Ending, JobOutcome
from hub.jobfolder import write_inputs
from hub.report import EnvironmentRecord
from hub.server import PlannedServer
from hub.serving.health import is_healthy
from hub.serving.place import LOG, last_line, make_socket_dir, shelve
from hub.text import show_duration

_POLL_S = 0.2
_TELL_EVERY_S = 10.0


@dataclass(frozen=True)
class Site:
    """What a server is started with.

    Attributes:
        sockets: the folder for sockets of servers.
        folder: its folder in the run.
        socket: where it will listen.
        given_up: whether it is not to be waited for any more.
        loading: told now and then for how many seconds it has been loading.
    """

    run_id: str
    sockets: Path
    folder: Path
    socket: Path
    engine: Engine
    environment: EnvironmentRecord
    given_up: Callable[[], bool]
    loading: Callable[[float], None]


class GivenUpError(ServerError):
    """A server was stopped before it answered; nothing is wrong with it."""


class ServerProcess:
    """One start of a server, from submit to its end."""

    def __init__(self, planned: PlannedServer, site: Site) -> None:
        """Start nothing yet."""
        self._planned = planned
        self._site = site
        self._handle: Handle | None = None
        self._guard = threading.Lock()  # an engine's wait and stop of one handle are not for two threads at once

    def start(self, devices: tuple[str, ...]) -> float:
        """Submit it and return, once it answers, after how many seconds.

        Raises:
            ServerError: it ended, or did not answer in time; it is ended then.
            GivenUpError: it was to be waited for no longer; it is ended then.
            EngineError, PrerequisiteError: the engine refused.
        """
        site, job = self._site, replace(self._planned.job, gpus=devices)
        site.folder.mkdir(parents=True, exist_ok=True)
        shelve(site.folder)
        write_inputs(job, site.folder)
        place = make_socket_dir(site.sockets, site.socket, site.engine.job_user(site.folder), site.engine.isolation)
        began = time.monotonic()  # it may load already while its engine has not yet returned
        self._handle = site.engine.submit(job, site.environment, Placement(site.run_id, site.folder, place))
        try:
            write_atomic(site.folder / "handle.json", json.dumps(asdict(self._handle), indent=2) + "\n")
            return self._until_healthy(began)
        except BaseException:
            self.stop("it did not come up")
            raise

    def _until_healthy(self, began: float) -> float:
        limit_s, told = self._planned.serve.timeout, began
        while True:
            if reason := self._ended(_POLL_S):
                raise self._error(f"ended while it was loading: {reason}")
            now = time.monotonic()
            if is_healthy(self._site.socket, self._planned.kind.health):
                return now - began
            if self._site.given_up():
                raise GivenUpError(f"server {self._planned.name!r} was stopped while it was loading")
            if now - began > limit_s:
                raise self._error(f"did not answer within {show_duration(limit_s)} (serve.timeout)")
            if now - told >= _TELL_EVERY_S:
                told = now
                self._site.loading(now - began)

    def failure(self, timeout_s: float) -> str:
        """Return in a sentence how it ended, after waiting so long for that; empty while it runs."""
        reason = self._ended(timeout_s)
        return self._error(f"ended: {reason}").message if reason else ""

    def _ended(self, timeout_s: float) -> str:
        with self._guard:
            outcome = self._site.engine.wait(self._handle, timeout_s) if self._handle else None
            if outcome is None:
                return ""
            self._handle = None
            return _reason(outcome)

    def stop(self, reason: str) -> None:
        """End it, where it still runs."""
        with self._guard, undisturbed():
            handle, self._handle = self._handle, None
            if handle is not None:
                self._site.engine.stop(handle, Ending.STOPPED, reason)

    def _error(self, what: str) -> ServerError:
        last = last_line(self._site.folder, self._planned.kind.telling)
        message = f"server {self._planned.name!r} {what}" + (f"; its log says: {last}" if last else "")
        return ServerError(message, hint=f"its log: {self._site.folder / LOG}")


def _reason(outcome: JobOutcome) -> str:
    if outcome.ending is Ending.SUCCEEDED:
        return "it ended by itself, with exit code 0"
    said = outcome.reason or outcome.ending.value
    return said.replace("resources.memory", "serve.memory")  # where a task says it of a server
