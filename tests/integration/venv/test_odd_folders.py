"""Whole runs of the echo backend as a user starts them: folders with odd names, and one that is removed meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.engine.venv.process import is_alive
from hub.report import EnvironmentRecord
from tests.integration.desk import PATIENCE_S

EVALDOCK = str(Path(sys.executable).with_name("evaldock"))


def write_task(folder: Path, options: str = "{n: 3}") -> Path:
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "config.json").write_text("{}")
    (folder / "model" / "model.safetensors").write_text("weights")
    task = folder / "the task.yaml"
    task.write_text(
        "version: 1\nname: t\nmodels: {m: {checkpoint: ./model}}\nengine: venv\n"
        f"evaluations: [{{backend: echo, datasets: [{{name: echo, options: {options}}}]}}]\n"
    )
    return task


def start(task: Path, home: Path, cache: Path) -> subprocess.Popen[str]:
    env = {**os.environ, "EVALDOCK_CACHE": str(cache), "EVALDOCK_STATE": str(home / "state")}
    return subprocess.Popen(
        [EVALDOCK, "run", str(task), "--runs", str(home / "runs"), "--quiet"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("name", ["a b 模型 ü", "it's \"so\", 100%", "$HOME {x} #1"])
def test_every_folder_may_have_an_odd_name(name: str, tmp_path: Path) -> None:
    home = tmp_path / name
    done = start(write_task(home), home, home / "cache")
    out, err = done.communicate(timeout=PATIENCE_S)

    assert done.returncode == 0, err
    assert "100.0 %" in out
    (run,) = (home / "runs").iterdir()
    assert json.loads((run / "report.json").read_text())["state"] == "succeeded"


def test_runs_models_and_state_may_hold_what_paths_are_parted_by(
    tmp_path: Path, echo_environment: tuple[Path, EnvironmentRecord]
) -> None:
    home = tmp_path / "co:lon,comma"
    done = start(write_task(home), home, echo_environment[0])
    _, err = done.communicate(timeout=PATIENCE_S)

    assert done.returncode == 0, err


def test_a_run_folder_removed_under_a_live_run_leaves_no_job_behind(
    tmp_path: Path, echo_environment: tuple[Path, EnvironmentRecord], until: Callable[[Callable[[], bool]], None]
) -> None:
    done = start(write_task(tmp_path, "{n: 1000, sleep_s: 0.1}"), tmp_path, echo_environment[0])
    at_work = ("output/echo", "handle.json")  # the job may be at work before its hub has written down which it is
    until(lambda: all(any((tmp_path / "runs").glob(f"*/jobs/*/{name}")) for name in at_work))
    (run,) = (tmp_path / "runs").iterdir()
    (handle,) = (json.loads(path.read_text()) for path in run.glob("jobs/*/handle.json"))

    until(lambda: shutil.rmtree(run, ignore_errors=True) or not run.exists())  # the job may write while we do
    _, err = done.communicate(timeout=PATIENCE_S)

    assert done.returncode == 1
    assert "cannot go on" in err
    assert "Traceback" not in err
    assert not is_alive(int(handle["id"]), handle["mark"])
    assert not list((tmp_path / "state").rglob("*.json"))
    assert not (run / "report.json").exists()
