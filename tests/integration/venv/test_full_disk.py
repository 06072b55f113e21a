"""A run whose answers fill their disk: every call is accounted for, the reason names the disk, and the run goes on."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.ledger import FILE, LedgerRow, read_rows
from hub.report import EnvironmentRecord
from tests.fakes.upstream import FakeUpstream
from tests.integration.desk import Desk, Unique, open_desk

_ANSWER_BYTES = 20_000


class Wordy(Unique):
    """Answers that are long, of which no two are alike."""

    def __call__(self, body: dict[str, Any]) -> str:
        return super().__call__(body).ljust(_ANSWER_BYTES, "x")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of our own, with room for what is kept free on it and a few answers."""
    disk = tmp_path / "small"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("may not mount a disk")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.fixture
def cramped(
    small_disk: Path, tmp_path: Path, echo_environment: tuple[Path, EnvironmentRecord]
) -> Iterator[Desk]:
    state = str(small_disk / "state")
    with open_desk(tmp_path / "desk", echo_environment[0], EVALDOCK_STATE=state) as desk:
        yield desk


def asked(upstream: FakeUpstream) -> int:
    return sum(request.method == "POST" for request in upstream.requests)


def rows(desk: Desk) -> list[LedgerRow]:
    """Return what the ledger knows of every start."""
    return list(read_rows(desk.runs[0] / "jobs" / "1-m-echo" / FILE))


def attempts(desk: Desk) -> int:
    return sum(row.attempts for row in rows(desk))


def test_a_state_disk_that_fills_loses_no_call_says_what_to_do_and_the_run_goes_on(
    cramped: Desk, small_disk: Path
) -> None:
    with FakeUpstream(answer=Wordy(), latency_s=0.02) as upstream:
        cramped.write_endpoint_task(upstream.base_url, n=200, concurrency=4)
        ran = cramped.run("run", "t.yaml")
        folder, before = cramped.runs[0], (asked(upstream), attempts(cramped))
        lost = sum(row.failed and row.attempts > 0 for row in rows(cramped))
        got = {sample["id"]: sample["prediction"] for sample in cramped.written("1-m-echo") if "prediction" in sample}
        reason, (job,) = cramped.record()["reason"], json.loads((folder / "report.json").read_text())["jobs"]
        subprocess.run(["mount", "-o", "remount,size=60m", str(small_disk)], check=True)
        resumed = cramped.run("resume")

    full = f"the disk is full: nothing more can be kept in {small_disk / 'state' / 'answers'}; make room there"
    assert ran.returncode == 1
    assert full in reason
    assert reason.endswith(f"`evaldock resume {folder.name}` goes on with it")
    assert full in job["reason"]
    assert "the disk is full" in ran.stdout
    assert f"go on   evaldock resume {folder.name}" in ran.stdout
    assert before[0] == before[1] == job["usage"][0]["requests"]
    assert job["results"][0]["counts"]["infra_error"] == lost > 0
    assert resumed.returncode == 0, resumed.stderr
    assert asked(upstream) == attempts(cramped)
    samples = {sample["id"]: sample["prediction"] for sample in cramped.samples("1-m-echo")}
    assert len(samples) == 200
    assert {name: samples[name] for name in got} == got
