"""Whole runs through the Docker engine; required in CI. Each needs an engine and a base image."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import DATA, EVALDOCK, HANGS_S, Held, evaldock, gsm8k_task, right_answer
from tests.fakes.upstream import FakeUpstream

pytestmark = [pytest.mark.e2e]
EXPECTED = json.loads((DATA / "expected_scores.json").read_text())
_REAL = Path(os.environ.get("EVALDOCK_TEST_DATA", "/nonexistent")) / "gsm8k"
GSM8K = _REAL if _REAL.is_dir() else DATA / "word_problems"


def containers(runs: Path) -> list[str]:
    """Return the containers of the runs in a folder: others may work on this machine."""
    filters = [f"label=evaldock.run={run.name}" for run in runs.glob("*")]
    listed = (subprocess.run(["docker", "ps", "-aq", "--filter", f], capture_output=True, text=True) for f in filters)
    return [name for answer in listed for name in answer.stdout.split()]


def test_the_quickstart_scores_the_same_in_a_container_as_in_a_virtual_environment(
    tmp_path: Path, native_python: str
) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "venv").mkdir()

    first = evaldock(tmp_path / "docker", "run", "quickstart", "--engine", "docker")
    second = evaldock(tmp_path / "venv", "run", "quickstart", "--engine", "venv")

    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert first.scores() == second.scores()
    assert first.scores()["choices"]["accuracy"] == pytest.approx(EXPECTED["mcq"]["accuracy"], abs=1e-9)
    assert first.report["jobs"][0]["isolation"] == "container"
    assert containers(first.runs) == []


def test_auto_takes_docker_where_it_answers(tmp_path: Path) -> None:
    with FakeUpstream(answer=right_answer) as upstream:
        ran = evaldock(tmp_path, "run", str(gsm8k_task(tmp_path, upstream.base_url, limit=2)))

    assert ran.code == 0, ran.err
    assert (ran.report["engine"], ran.report["engine_reason"]) == ("docker", "a container engine answers")


def test_auto_takes_venv_and_says_why_where_no_engine_answers(tmp_path: Path, native_python: str) -> None:
    with FakeUpstream(answer=right_answer) as upstream:
        task = gsm8k_task(tmp_path, upstream.base_url, limit=2)
        ran = evaldock(tmp_path, "run", str(task), DOCKER_HOST=f"unix://{tmp_path}/absent.sock")

    assert ran.code == 0, ran.err
    assert ran.report["engine"] == "venv"
    assert "no usable container engine" in ran.report["engine_reason"]


def test_docker_asked_for_and_not_there_is_a_prerequisite(tmp_path: Path) -> None:
    ran = evaldock(tmp_path, "run", "quickstart", "--engine", "docker", DOCKER_HOST=f"unix://{tmp_path}/absent.sock")

    assert ran.code == 3
    assert "docker" in ran.err.lower()
    assert not ran.runs.exists()


def test_a_base_image_that_cannot_be_had_is_exit_4(tmp_path: Path) -> None:
    base = "evaldock.invalid/absent:1"
    ran = evaldock(tmp_path, "run", "quickstart", "--engine", "docker", EVALDOCK_BASE_IMAGE=base)

    assert ran.code == 4
    assert base in ran.err
    assert json.loads((ran.folder / "run.json").read_text())["state"] == "failed"
    assert not (ran.folder / "report.json").exists()


def test_gsm8k_in_a_sealed_container_reaches_the_hosts_loopback_and_never_sees_the_key(tmp_path: Path) -> None:
    secret = "canary-4711-never-on-disk"
    seen = threading.Event()

    def answer(body: dict[str, Any]) -> str:
        seen.wait(HANGS_S)  # the container lives as long as its job waits
        return right_answer(body)

    with FakeUpstream(answer=answer) as upstream:
        task = gsm8k_task(tmp_path, upstream.base_url, key_env="CANARY_KEY")
        process = subprocess.Popen(
            [EVALDOCK, "run", str(task), "--engine", "docker"], cwd=tmp_path, env={**os.environ, "CANARY_KEY": secret}
        )
        inspected = ""
        while process.poll() is None:
            for container in containers(tmp_path / "runs"):
                inspected += subprocess.run(["docker", "inspect", container], capture_output=True, text=True).stdout
            if "NetworkMode" in inspected:
                seen.set()
            time.sleep(0.1)
        seen.set()

    assert process.returncode == 0
    assert {request.headers["authorization"] for request in upstream.requests} == {f"Bearer {secret}"}
    assert '"NetworkMode": "none"' in inspected
    assert secret not in inspected
    assert subprocess.run(["grep", "-rlF", secret, str(tmp_path)], capture_output=True).stdout == b""


def test_an_interrupt_stops_the_job_removes_the_container_and_reports(tmp_path: Path) -> None:
    with FakeUpstream(answer=right_answer, latency_s=1.0) as upstream:
        task = gsm8k_task(tmp_path, upstream.base_url, limit=100)
        process = subprocess.Popen([EVALDOCK, "run", str(task), "--engine", "docker"], cwd=tmp_path)
        while process.poll() is None and len(upstream.requests) < 20:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=HANGS_S)

    (folder,) = (tmp_path / "runs").iterdir()
    report = json.loads((folder / "report.json").read_text())
    assert code == 130
    assert report["state"] == "cancelled"
    assert 0 < report["jobs"][0]["results"][0]["counts"]["scored"] < 100
    assert containers(tmp_path / "runs") == []


def test_a_time_out_is_told_apart_and_keeps_what_was_scored(tmp_path: Path) -> None:
    held = Held(right_answer, 16)
    with FakeUpstream(answer=held) as upstream:
        task = gsm8k_task(tmp_path, upstream.base_url, limit=100, extra="resources: {timeout: 20s}\n")
        ran = evaldock(tmp_path, "run", str(task), "--engine", "docker")
        held.let_go()

    assert ran.code == 1
    assert json.loads((ran.folder / "jobs" / "1-m-native" / "outcome.json").read_text())["ending"] == "timed_out"
    assert "time-out of 20.0 s" in ran.report["jobs"][0]["reason"]
    assert ran.report["jobs"][0]["results"][0]["counts"]["scored"] == 16


def test_a_killed_hub_leaves_a_container_that_the_next_run_removes(tmp_path: Path) -> None:
    with FakeUpstream(answer=right_answer, latency_s=1.0) as upstream:
        task = gsm8k_task(tmp_path, upstream.base_url, limit=100)
        process = subprocess.Popen([EVALDOCK, "run", str(task), "--engine", "docker"], cwd=tmp_path)
        while process.poll() is None and len(upstream.requests) < 10:
            time.sleep(0.05)
        process.kill()
        process.wait()
        (left,) = (tmp_path / "runs").iterdir()
        (tmp_path / "next").mkdir()
        after = evaldock(
            tmp_path / "next",
            "run",
            str(gsm8k_task(tmp_path / "next", upstream.base_url, limit=2)),
            "--engine",
            "docker",
        )

    assert after.code == 0, after.err
    assert "removed container" in after.err
    assert containers(tmp_path / "runs") == []
    shown = evaldock(tmp_path, "status", left.name)
    assert "interrupted" in shown.out


def test_gsm8k_whole_against_a_mock_endpoint(tmp_path: Path) -> None:
    """On the real data where EVALDOCK_TEST_DATA names a folder with gsm8k/{train,test}.jsonl, else on the bundled."""
    gold = {
        row["question"]: row["answer"] for row in map(json.loads, (GSM8K / "test.jsonl").read_text().splitlines())
    }

    def answer(body: dict[str, object]) -> str:
        prompt = body["messages"][-1]["content"]  # type: ignore[index]
        return next(text for question, text in gold.items() if prompt.startswith(question))

    with FakeUpstream(answer=answer) as upstream:
        task = tmp_path / "task.yaml"
        task.write_text(
            f"version: 1\nname: gsm8k\nmodels: {{m: {{endpoint: '{upstream.base_url}', model: mock}}}}\n"
            f"evaluations: [{{backend: native, datasets: [{{name: gsm8k, path: '{GSM8K}'}}]}}]\n"
        )
        ran = evaldock(tmp_path, "run", str(task), "--engine", "docker")

    assert ran.code == 0, ran.err
    assert ran.scores()["gsm8k"]["accuracy"] == 1.0
    assert ran.report["jobs"][0]["results"][0]["counts"]["scored"] == len(gold)
