"""Two runs at once on one machine: what a killed hub leaves is cleared away, what a living one holds is not."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import EVALDOCK, Ran
from tests.fakes.upstream import FakeUpstream, last_message
from tests.integration.desk import PATIENCE_S, gateway_of
from tests.integration.endings.conftest import Stage


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


@pytest.fixture
def gated(stage: Stage, gate: threading.Event) -> Iterator[Stage]:
    """Return the stage with a server that keeps everybody waiting until the gate is open, but for `quick`."""

    def answer(body: dict[str, Any]) -> str:
        text = last_message(body)
        if not text.startswith("quick"):
            gate.wait(PATIENCE_S)
        return text

    with FakeUpstream(answer=answer) as upstream:
        yield replace(stage, upstream=upstream)
        gate.set()


@contextmanager
def live(stage: Stage, folder: Path, label: str) -> Iterator[subprocess.Popen[str]]:
    """Start a run and yield its hub once its job waits for the server."""
    task = stage.task(folder, [{"name": "well", "alias": label}])
    environment = {**os.environ, **stage.checkout.environment, **stage.environment}
    command = [EVALDOCK, "run", str(task), "--engine", stage.engine]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            until(lambda: any(label in str(request.json) for request in stage.upstream.requests))
            yield process
        finally:
            process.kill()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


def run_of(folder: Path) -> Ran:
    return Ran(0, "", "", folder / "runs")


def test_a_third_command_clears_away_what_the_dead_hub_left_and_nothing_of_the_living_one(
    gated: Stage, gate: threading.Event, tmp_path: Path
) -> None:
    dead, living, third = (tmp_path / name for name in ("dead", "living", "third"))
    with ExitStack() as stack:
        first = stack.enter_context(live(gated, dead, "first"))
        second = stack.enter_context(live(gated, living, "second"))
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert gated.leftovers(run_of(dead))
        held = gated.leftovers(run_of(living))

        ran = gated.run(third, [{"name": "well", "alias": "quick"}])

        assert (ran.code, ran.report["state"]) == (0, "succeeded"), ran.err
        assert "whose hub is gone" in ran.err or f"of run {run_of(dead).folder.name!r}" in ran.err
        assert run_of(living).folder.name not in ran.err
        assert gated.leftovers(run_of(dead)) == []
        assert set(held) <= set(gated.leftovers(run_of(living)))

        gate.set()
        _, said = second.communicate(timeout=PATIENCE_S)
    assert second.returncode == 0, said
    assert run_of(living).report["state"] == "succeeded"
    assert gated.leftovers(run_of(living)) == []


def test_the_run_of_a_killed_hub_is_interrupted_and_its_job_asks_nobody_any_more(
    gated: Stage, gate: threading.Event, tmp_path: Path
) -> None:
    with live(gated, tmp_path, "first") as hub:
        gateway = Path(f"/proc/{gateway_of(hub.pid)}")
        hub.send_signal(signal.SIGKILL)
        hub.wait()
        until(lambda: not gateway.exists())  # it ends by itself, but not in no time
        asked = len(gated.upstream.requests)
        gate.set()

        stopped = gated.checkout.evaldock(tmp_path, "stop", "latest", **gated.environment)
        shown = gated.checkout.evaldock(tmp_path, "status", "latest", **gated.environment)

    assert stopped.code == 1, stopped.out + stopped.err
    assert "interrupted" in shown.out
    assert gated.leftovers(run_of(tmp_path)) == []
    assert len(gated.upstream.requests) == asked
