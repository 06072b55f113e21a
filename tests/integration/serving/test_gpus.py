"""Who has a GPU: runs and servers by hand beside each other, and models that no GPU holds."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.devicelocks import DeviceLocks
from tests.e2e.harness import EVALDOCK, Ran
from tests.integration.desk import PATIENCE_S
from tests.integration.endings.conftest import ENGINES, _processes
from tests.integration.serving.conftest import Stage
from tests.integration.serving.test_serving import leftovers, states

SOON_S = 20
# No daemon hands out a GPU that is not there, so what computes on one is tried in virtual environments alone.
computing = pytest.mark.parametrize("stage", ["venv"], indirect=True)


@pytest.fixture(autouse=True)
def _one_gpu(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """State a GPU of 1 MiB; programs that answer for it stand for a driver and for Docker's hook."""
    programs = tmp_path_factory.mktemp("bin")
    for name in ("nvidia-smi", "nvidia-container-runtime-hook"):
        (programs / name).write_text("#!/bin/sh\necho 'GPU 0: one of a test'\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    monkeypatch.setenv("EVALDOCK_GPUS", "0:1m")


@pytest.fixture
def held(stage: Stage) -> Iterator[None]:
    """Hold the GPU, as another run does, in this process."""
    locks = DeviceLocks(Path(stage.environment["EVALDOCK_STATE"]), "run other", lambda: None)
    assert locks.take(("0",))
    yield
    locks.give_all_back()


@contextmanager
def live(stage: Stage, folder: Path, *command: str, until: str) -> Iterator[subprocess.Popen[str]]:
    """Start evaldock, and yield it once it has said `until`."""
    environment = {**os.environ, **stage.checkout.environment, **stage.environment}
    argv = [EVALDOCK, *command, "--engine", stage.engine]
    with subprocess.Popen(argv, cwd=folder, env=environment, text=True, stderr=subprocess.PIPE) as hub:
        try:
            assert hub.stderr is not None
            said: list[str] = []
            assert any(said.append(line) or until in line for line in hub.stderr), said
            yield hub
        finally:
            hub.kill()


def run(stage: Stage, folder: Path, *args: str, until: str) -> Any:
    """Start a run of the served model."""
    return live(stage, folder, "run", str(stage.task(folder, *args)), until=until)


def serve(stage: Stage, folder: Path) -> Any:
    """Serve the model by hand."""
    stage.task(folder)
    return live(stage, folder, "serve", "model", "--port", "0", until="server model: ready")


def ran(folder: Path) -> Ran:
    return Ran(0, "", "", folder / "runs")


@computing
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_waits_for_the_gpu_of_a_server_by_hand_and_has_it_once_that_is_gone(
    stage: Stage, tmp_path: Path, end: signal.Signals
) -> None:
    with serve(stage, tmp_path / "hand") as hand:
        waits = f"waits: GPU 0 held by evaldock serve model (process {hand.pid})"
        with run(stage, tmp_path / "run", until=waits) as hub:
            hand.send_signal(end)
            _, said = hub.communicate(timeout=PATIENCE_S)
        hand.communicate(timeout=PATIENCE_S)  # what it held was free before it had removed all that it had

    assert hub.returncode == 0, said
    assert ran(tmp_path / "run").report["servers"][0]["devices"] == ["0"]
    left = list(Path(stage.environment["EVALDOCK_STATE"]).glob("serve-*"))
    assert len(left) == (1 if end == signal.SIGKILL else 0)  # the next `serve` removes it
    assert [process for folder in left for process in _processes(str(folder))] == []  # it was on that GPU still
    for folder in left:
        shutil.rmtree(folder)


@pytest.mark.usefixtures("held")
def test_a_server_by_hand_is_refused_the_gpu_of_a_run(stage: Stage, tmp_path: Path) -> None:
    stage.task(tmp_path / "hand")
    arguments = ("serve", "model", "--port", "0", "--engine", stage.engine)

    refused = stage.checkout.evaldock(tmp_path / "hand", *arguments, **stage.environment)

    assert refused.code == 3
    assert f"too few are free: GPU 0 is held by run other (process {os.getpid()})" in refused.err
    assert "--gpus 0" in refused.err


@computing
def test_the_second_of_two_runs_waits_says_for_whom_and_goes_on_when_the_first_is_killed(
    stage: Stage, tmp_path: Path
) -> None:
    with run(stage, tmp_path / "first", "--answer-s", "600", until="server m: ready") as first:
        name = ran(tmp_path / "first").folder.name
        waits = f"waits: GPU 0 held by run {name} (process {first.pid})"
        with run(stage, tmp_path / "second", until=waits) as second:
            first.kill()
            _, said = second.communicate(timeout=PATIENCE_S)

    assert second.returncode == 0, said
    assert states(ran(tmp_path / "second")) == ["starting", "ready", "stopped"]
    assert leftovers(stage, ran(tmp_path / "first")) == []  # it computed on that GPU still


@pytest.mark.usefixtures("held")
def test_an_interrupt_of_a_run_that_waits_is_immediate(stage: Stage, tmp_path: Path) -> None:
    with run(stage, tmp_path, until=f"waits: GPU 0 held by run other (process {os.getpid()})") as hub:
        began = time.monotonic()
        hub.send_signal(signal.SIGINT)
        hub.communicate(timeout=PATIENCE_S)
        took_s = time.monotonic() - began

    assert hub.returncode == 130
    assert [job["state"] for job in ran(tmp_path).report["jobs"]] == ["cancelled", "cancelled"]
    assert ran(tmp_path).report["servers"] == []
    assert took_s < SOON_S


SERVED = {"checkpoint": "./model", "serve": {"engine": "transformers"}}
GRADED = {"name": "general_qa", "path": "./rows.jsonl", "options": {"judge": True}}
TOO_BIG: dict[str, tuple[str, dict[str, Any]]] = {
    "served": ("server 'm'", {"models": {"m": SERVED}}),
    "loaded": ("job 1-m-echo", {"models": {"m": {"checkpoint": "./model"}}}),
    "judge": (
        "server 'judge'",
        {
            "models": {"m": {"endpoint": "http://127.0.0.1:9/v1", "model": "m"}},
            "judge": SERVED,
            "evaluations": [{"backend": "native", "datasets": [GRADED]}],
        },
    ),
}


@pytest.mark.parametrize("stage", ENGINES, indirect=True)
@pytest.mark.parametrize("part", TOO_BIG)
def test_a_model_that_is_too_big_for_the_stated_gpu_is_said_before_anything_starts(
    stage: Stage, tmp_path: Path, part: str
) -> None:
    subject, more = TOO_BIG[part]
    task = stage.task(tmp_path, **more)
    (tmp_path / "rows.jsonl").write_text('{"question": "1?", "answer": "1"}\n')
    (tmp_path / "model" / "model.safetensors").write_bytes(bytes(2 << 20))

    planned = stage.checkout.evaldock(tmp_path, "plan", str(task), "--engine", stage.engine, **stage.environment)
    refused = stage.checkout.evaldock(tmp_path, "run", str(task), "--engine", stage.engine, **stage.environment)

    message = f"{subject}: the model is too big: its weights take 2 MiB, there is 1 x 1 MiB of GPU memory"
    assert message in planned.out
    assert message in refused.err
    assert refused.code == 3
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("stage", ENGINES, indirect=True)
def test_by_hand_it_is_said_too(stage: Stage, tmp_path: Path) -> None:
    stage.task(tmp_path)
    (tmp_path / "model" / "model.safetensors").write_bytes(bytes(2 << 20))
    arguments = ("serve", "model", "--port", "0", "--engine", stage.engine)

    refused = stage.checkout.evaldock(tmp_path, *arguments, **stage.environment)

    assert refused.code == 3
    assert "server 'model': the model is too big: its weights take 2 MiB" in refused.err
