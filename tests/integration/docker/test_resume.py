"""Whole runs in containers whose hub, gateway or container is killed, and the resume after it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.images import load_image
from hub.settings import Settings
from tests.fakes.upstream import FakeUpstream
from tests.integration.desk import PATIENCE_S, Desk, Unique, gateway_of, kill, open_desk

JOB = "1-m-echo"


@pytest.fixture
def desk(tmp_path: Path, docker_settings: Settings) -> Iterator[Desk]:
    base = {"EVALDOCK_BASE_IMAGE": docker_settings.base_image} if docker_settings.base_image else {}
    with open_desk(tmp_path, tmp_path / "cache", "docker", **base) as desk:
        yield desk


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def containers(desk: Desk) -> list[dict[str, Any]]:
    found = f"label=evaldock.run={desk.runs[0].name}"
    listed = subprocess.run(["docker", "ps", "-aq", "--filter", found], capture_output=True, text=True).stdout.split()
    told = subprocess.run(["docker", "inspect", *listed], capture_output=True, text=True) if listed else None
    return list(json.loads(told.stdout)) if told else []


@pytest.mark.parametrize("victim", ["hub", "gateway", "container"])
def test_what_was_answered_is_not_asked_again_and_every_sample_has_its_first_answer(desk: Desk, victim: str) -> None:
    answer, at_once = Unique(free=20), 4
    with FakeUpstream(answer=answer) as upstream:
        desk.write_endpoint_task(upstream.base_url, n=60, concurrency=at_once)
        hub = desk.start("run", "t.yaml")
        until(lambda: desk.done(JOB) >= 15)
        if victim == "container":
            subprocess.run(["docker", "kill", containers(desk)[0]["Id"]], check=True, stdout=subprocess.DEVNULL)
        else:
            os.kill(hub.pid if victim == "hub" else gateway_of(hub.pid), signal.SIGKILL)
        answer.go_on.set()
        hub.communicate(timeout=PATIENCE_S)
        first = {sample["id"]: sample["prediction"] for sample in desk.written(JOB) if "prediction" in sample}

        resumed = desk.run("resume")

    assert resumed.returncode == 0, resumed.stderr
    samples = desk.samples(JOB)
    assert [sample["id"] for sample in samples] == [str(number) for number in range(60)]
    assert len(first) >= 15
    assert {sample["id"]: sample["prediction"] for sample in samples if sample["id"] in first} == first
    assert sum((Counter(answer.asked) - Counter(set(answer.asked))).values()) <= at_once
    assert containers(desk) == []


def test_a_resume_removes_its_own_dead_hubs_container_and_no_living_ones(desk: Desk, tmp_path: Path) -> None:
    answer = Unique(free=4)
    with (
        FakeUpstream(answer=answer) as upstream,
        open_desk(tmp_path / "beside", tmp_path / "cache", "docker") as beside,
    ):
        desk.write_endpoint_task(upstream.base_url, n=8, concurrency=1)
        beside.env |= {name: desk.env[name] for name in ("EVALDOCK_STATE", "EVALDOCK_BASE_IMAGE") if name in desk.env}
        beside.write_task("m", n=10_000)
        living, dying = beside.start("run", "t.yaml"), desk.start("run", "t.yaml")
        until(lambda: desk.done(JOB) >= 3 and beside.done(JOB) >= 3)
        kill(dying)
        (left,), (other,) = containers(desk), containers(beside)
        answer.go_on.set()

        resumed = desk.run("resume")

        assert resumed.returncode == 0, resumed.stderr
        assert f"removed container {left['Id'][:12]}" in resumed.stderr
        assert resumed.stderr.count("removed container") == 1
        assert [found["Id"] for found in containers(beside)] == [other["Id"]]
        living.send_signal(signal.SIGTERM)
        living.communicate(timeout=PATIENCE_S)


@pytest.fixture
def base_of_its_own(desk: Desk, client: Any, docker_settings: Settings) -> Iterator[None]:
    """Give the base a name of the test's, so that no other test has the image that is built on it."""
    name = f"evaldock-test-base:{uuid.uuid4().hex[:12]}"
    client.images.get(load_image("echo", docker_settings).base).tag(name)
    desk.env["EVALDOCK_BASE_IMAGE"] = name
    yield
    for environment in filter(None, (job["environment"] for job in desk.record()["jobs"])):
        client.images.remove(environment["reference"])
    client.images.remove(name)


@pytest.mark.usefixtures("base_of_its_own")
def test_a_run_whose_image_was_removed_goes_on_in_one_that_is_built_again(desk: Desk, client: Any) -> None:
    answer = Unique(free=4)
    with FakeUpstream(answer=answer) as upstream:
        desk.write_endpoint_task(upstream.base_url, n=8, concurrency=1)
        hub = desk.start("run", "t.yaml")
        until(lambda: desk.done(JOB) >= 3)
        kill(hub)
        answer.go_on.set()
        assert desk.run("stop").returncode in {0, 1}  # its container would keep the image
        first = desk.record()["jobs"][0]["environment"]
        client.images.remove(first["reference"])

        resumed = desk.run("resume")

    second = desk.record()["jobs"][0]["environment"]
    assert resumed.returncode == 0, resumed.stderr
    assert second["reference"] == first["reference"]
    assert second["digest"] != first["digest"]
    assert f"it was {first['digest']}, is now {second['digest']}" in (desk.runs[0] / "report.md").read_text()


def test_a_job_with_its_own_weights_sees_what_its_last_start_left(desk: Desk) -> None:
    desk.write_task("m", n=100)  # the second start is looked into while it runs: for 10 s
    hub = desk.start("run", "t.yaml")
    until(lambda: desk.done(JOB) >= 3)
    kill(hub)
    written = desk.written(JOB)

    resumed = desk.start("resume")
    until(lambda: (desk.record()["jobs"][0]["starts"], desk.record()["jobs"][0]["state"]) == (2, "running"))
    (container,) = containers(desk)
    seen = subprocess.run(
        ["docker", "exec", container["Id"], "cat", "/job/previous/echo/samples.jsonl"], capture_output=True, text=True
    )
    resumed.communicate(timeout=PATIENCE_S)

    (mount,) = [found for found in container["Mounts"] if found["Destination"] == "/job/previous"]
    assert mount["RW"] is False
    assert [json.loads(line) for line in seen.stdout.splitlines()][: len(written)] == written
    assert resumed.returncode == 0
