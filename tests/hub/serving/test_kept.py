from __future__ import annotations

import threading
from collections.abc import Callable
from typing import cast

import pytest

from hub.errors import EngineError, ServerError
from hub.serving.kept import KeptServer
from hub.serving.process import GivenUpError, ServerProcess


class Starts:
    """Starts of a server that each end as told: up until stopped, ended (a reason), refused (an error)."""

    def __init__(self, *fates: str | Exception) -> None:
        self.fates = list(fates)
        self.told: list[str] = []
        self.stopped: list[str] = []
        self.devices: list[tuple[str, ...]] = []
        self.lost = threading.Event()

    def make(self, _stopping: Callable[[], bool]) -> ServerProcess:
        return cast("ServerProcess", _Start(self, self.fates.pop(0)))

    def tell(self, state: str, reason: str, _seconds: float) -> None:
        self.told.append(f"{state}: {reason}" if reason else state)
        if state == "lost":
            self.lost.set()


class _Start:
    def __init__(self, starts: Starts, fate: str | Exception) -> None:
        self.starts = starts
        self.fate = fate
        self.over = threading.Event()
        self.given_up: Callable[[], bool] = bool

    def start(self, devices: tuple[str, ...]) -> float:
        self.starts.devices.append(devices)
        if isinstance(self.fate, Exception):
            raise self.fate
        return 1.0

    def failure(self, _timeout_s: float) -> str:
        if not self.fate:
            self.over.wait(0.01)
        return str(self.fate)

    def stop(self, reason: str) -> None:
        self.starts.stopped.append(reason)


def kept(starts: Starts) -> KeptServer:
    return KeptServer("m", starts.make, starts.tell)


def test_a_server_is_started_once_and_stopped_once() -> None:
    starts = Starts("")
    server = kept(starts)

    server.start(("0",))
    server.start(("0",))
    server.stop()
    server.stop()

    assert starts.told == ["starting", "ready", "stopped"]
    assert starts.devices == [("0",)]
    assert starts.stopped == ["no job asks it any more"]


def test_one_that_ended_is_started_again_once_on_the_same_devices() -> None:
    starts = Starts("exit code 7", "exit code 7")
    server = kept(starts)

    server.start(("1",))
    assert starts.lost.wait(10)
    server.stop()

    assert starts.told[:4] == ["starting", "ready", "restarting: exit code 7", "ready"]
    assert starts.devices == [("1",), ("1",)]
    assert server.lost == "exit code 7; it had been started again once before"


def test_one_that_is_lost_is_not_started_again() -> None:
    starts = Starts(ServerError("no memory", hint="look"))
    server = kept(starts)

    for _ in range(2):
        with pytest.raises(ServerError, match="no memory"):
            server.start(())

    assert starts.told == ["starting", "lost: no memory"]


def test_an_engine_that_is_gone_makes_the_server_lost() -> None:
    starts = Starts("")
    server = kept(starts)

    class Gone(_Start):
        def failure(self, _timeout_s: float) -> str:
            raise EngineError("the daemon does not answer")

    starts.make = lambda _stopping: cast("ServerProcess", Gone(starts, ""))  # type: ignore[method-assign]
    server = kept(starts)
    server.start(())
    assert starts.lost.wait(10)
    server.stop()

    assert server.lost == "the daemon does not answer"


def test_a_stopped_server_can_be_started_again() -> None:
    starts = Starts("", "")
    server = kept(starts)

    for _ in range(2):
        server.start(())
        server.stop()

    assert starts.told == ["starting", "ready", "stopped"] * 2


def test_one_that_is_loading_gives_up_when_it_is_stopped() -> None:
    starts, loading = Starts(), threading.Event()

    class Loads(_Start):
        def start(self, devices: tuple[str, ...]) -> float:
            loading.set()
            while not self.given_up():
                self.over.wait(0.01)
            raise GivenUpError("stopped while it was loading")

    def make(stopping: Callable[[], bool]) -> ServerProcess:
        found = Loads(starts, "")
        found.given_up = stopping
        return cast("ServerProcess", found)

    server = KeptServer("m", make, starts.tell)

    def start() -> None:
        with pytest.raises(ServerError):
            server.start(())

    thread = threading.Thread(target=start)
    thread.start()
    assert loading.wait(10)
    server.stop()
    thread.join(10)

    assert not thread.is_alive()
    assert starts.told == ["starting", "stopped: stopped while it was loading"]


def test_one_that_makes_room_while_it_is_started_again_can_be_started_later() -> None:
    starts, loading = Starts("exit code 7", "", ""), threading.Event()

    class LoadsAgain(_Start):
        def start(self, devices: tuple[str, ...]) -> float:
            loading.set()
            while not self.given_up():
                self.over.wait(0.01)
            raise GivenUpError("stopped while it was loading")

    def make(stopping: Callable[[], bool]) -> ServerProcess:
        again = starts.told[-1].startswith("restarting")
        found = (LoadsAgain if again else _Start)(starts, starts.fates.pop(0))
        found.given_up = stopping
        return cast("ServerProcess", found)

    server = KeptServer("m", make, starts.tell)
    server.start(())
    assert loading.wait(10)
    server.stop()

    server.start(())
    server.stop()

    assert server.lost == ""
    assert starts.told[-3:] == ["starting", "ready", "stopped"]


def test_one_whose_readiness_cannot_be_told_is_ended_all_the_same() -> None:
    starts = Starts("")

    def full(state: str, reason: str, _seconds: float) -> None:
        if state == "ready":
            raise OSError(28, "No space left on device")
        starts.tell(state, reason, _seconds)

    server = KeptServer("m", starts.make, full)
    with pytest.raises(OSError, match="No space left"):
        server.start(())
    server.stop()

    assert starts.stopped == ["no job asks it any more"]


def test_one_that_nobody_can_look_after_any_more_is_lost() -> None:
    starts = Starts("")

    class Unseen(_Start):
        def failure(self, _timeout_s: float) -> str:
            raise OSError(28, "No space left on device")

    starts.make = lambda _stopping: cast("ServerProcess", Unseen(starts, ""))  # type: ignore[method-assign]
    server = kept(starts)
    server.start(())
    assert starts.lost.wait(10)
    server.stop()

    assert "No space left on device" in server.lost
    assert starts.stopped == ["no job asks it any more"]
