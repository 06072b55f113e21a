"""Whatever the kernel allows, a job and all its processes are held: every fence keeps the same promises."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from hub.engine.namespace import Fence, best_fence
from hub.engine.venv.tree import root_of
from hub.job import Ending

Until = Callable[[Callable[[], bool]], None]


@pytest.fixture(params=get_args(Fence), autouse=True)
def fence(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Fence:
    order = get_args(Fence)
    if order.index(request.param) < order.index(best_fence()):
        pytest.skip(f"this kernel does not allow the fence {request.param!r}")
    monkeypatch.setattr("hub.engine.venv.engine.best_fence", lambda: request.param)
    fence: Fence = request.param
    return fence


def test_the_command_runs_and_ends(bench: Any) -> None:
    assert bench.python("raise SystemExit(7)").exit_code == 7


def test_stop_ends_the_whole_tree(bench: Any, until: Until) -> None:
    handle = bench.start("sh", "-c", "setsid sleep 600 & echo ready; sleep 600")
    until(lambda: "ready" in bench.log())

    outcome = bench.engine.stop(handle, Ending.STOPPED, "enough")

    assert outcome.ending is Ending.STOPPED
    assert not _processes_of(bench)


def test_children_that_the_job_left_are_killed(bench: Any) -> None:
    outcome = bench.run("sh", "-c", "setsid sleep 600 & exit 0")

    assert outcome.ending is Ending.SUCCEEDED
    assert not _processes_of(bench)


def test_a_killed_supervisor_takes_its_job_along_and_the_job_is_lost(bench: Any, until: Until) -> None:
    handle = bench.start("sh", "-c", "setsid sleep 600 & echo ready; sleep 600")
    until(lambda: "ready" in bench.log())
    os.kill(int(handle.id), signal.SIGKILL)

    outcome = bench.end(handle)

    assert outcome.ending is Ending.LOST
    until(lambda: not _processes_of(bench))
    assert not root_of(bench.folder()).exists()


def test_isolation_says_what_the_fence_is_worth(bench: Any, fence: Fence) -> None:
    assert bench.engine.isolation == ("none" if fence == "none" else "namespace")


def _processes_of(bench: Any) -> list[int]:
    """Return the processes with the job's root in their environment."""
    wanted = f"EVALDOCK_ROOT={root_of(bench.folder())}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            entries = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if wanted in entries:
            found.append(int(path.parent.name))
    return found
