"""One server of a run while it is needed: started, watched, started once more after a crash, ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext, suppress

from hub.errors import EvaldockError, ServerError
from hub.observer import ServerState
from hub.serving.process import GivenUpError, ServerProcess

_WATCH_S = 0.5
# state, reason or empty, seconds that loading took
Tell = Callable[[ServerState, str, float], None]


class KeptServer:
    """A server that is up between `start` and `stop`, or says why it is not.

    Attributes:
        lost: why it is gone for good, or never came up; empty while it is well, and before it was started.
        starts: how often it was started.
    """

    def __init__(self, name: str, make: Callable[[Callable[[], bool]], ServerProcess], tell: Tell) -> None:
        """Start nothing; `make` makes the next start of the server, which gives up once its argument says so."""
        self.lost = ""
        self.starts = 0
        self._name = name
        self._make = make
        self._tell = tell
        self._guard = threading.Lock()
        self._stopping = threading.Event()
        self._process: ServerProcess | None = None
        self._watcher: threading.Thread | None = None
        self._restarted = False

    def start(self, devices: tuple[str, ...]) -> None:
        """Start it, unless it is up, and return once it answers.

        Raises:
            ServerError: it did not come up, now or before.
        """
        with self._guard:
            if self.lost:
                raise ServerError(self.lost)
            if self._watcher is not None:
                return
            self._stopping.clear()
            self._begin("starting", "", devices)
            self._watcher = threading.Thread(target=self._watch, args=(devices,), name=f"server-{self._name}")
            self._watcher.daemon = True
            self._watcher.start()

    def stop(self) -> None:
        """End it, and return once it is gone; nothing to do where it is not up. One that is loading gives up."""
        self._stopping.set()
        with self._guard:
            if self._watcher is not None:
                self._watcher.join()
            process, self._watcher, self._process = self._process, None, None  # what the watcher left: it may restart
            if process is not None:
                self._end(process)

    def _end(self, process: ServerProcess) -> None:
        """End a start of it; one that is lost is ended, too, as far as its engine can: it may hold a device still."""
        with suppress(EvaldockError) if self.lost else nullcontext():
            process.stop("no job asks it any more")
        if not self.lost:
            self._tell("stopped", "", 0.0)

    def _begin(self, state: ServerState, reason: str, devices: tuple[str, ...]) -> None:
        self.starts += 1
        self._tell(state, reason, 0.0)
        self._process = self._make(self._stopping.is_set)
        try:
            seconds = self._process.start(devices)
        except EvaldockError as error:
            self.lost = error.message
            self._tell("stopped" if isinstance(error, GivenUpError) else "lost", error.message, 0.0)
            raise ServerError(error.message, hint=error.hint) from error
        self._tell("ready", "", seconds)

    def _watch(self, devices: tuple[str, ...]) -> None:
        """Look after it in a thread, until it is stopped or lost."""
        while not self._stopping.is_set():
            process = self._process
            if process is None:
                return
            try:
                reason = process.failure(_WATCH_S)
                if not reason:
                    continue
                if self._restarted:
                    self.lost = f"{reason}; it had been started again once before"
                    self._tell("lost", self.lost, 0.0)
                    return
                self._restarted = True
                self._begin("restarting", reason, devices)
            except ServerError:  # `lost` says it
                if self._stopping.is_set():  # it was to make room while it loaded again: a later job may have it
                    self.lost = ""
                return
            except Exception as error:  # noqa: BLE001 - engine gone, disk full: nobody looks after it any more
                self.lost = error.message if isinstance(error, EvaldockError) else f"{type(error).__name__}: {error}"
                with suppress(OSError):
                    self._tell("lost", self.lost, 0.0)
                return
