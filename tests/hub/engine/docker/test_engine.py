"""Decisions of the Docker engine that need no daemon: who a job runs as, what is reaped."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from docker.errors import APIError, NotFound

from hub.engine import Handle, Placement
from hub.engine.docker.engine import DockerEngine
from hub.engine.docker.log import LOG_BYTES, LogFollower
from hub.engine.ownership import owner_id, run_lock
from hub.errors import EngineError
from hub.job import Ending, Job, Mount
from hub.lockfile import is_held
from hub.report import EnvironmentRecord
from hub.settings import Settings


@dataclass
class FakeContainer:
    id: str
    labels: dict[str, str]
    removed: list[str] = field(default_factory=list)
    on_remove: APIError | None = None
    on_stop: APIError | None = None
    on_look: APIError | None = None

    @property
    def short_id(self) -> str:
        return self.id

    @property
    def attrs(self) -> dict[str, Any]:
        state = {"ExitCode": 143, "Status": "exited"}
        return {"Id": self.id, "Labels": self.labels or None, "State": state, "HostConfig": {}}

    def remove(self, **_: Any) -> None:
        if self.on_remove:
            raise self.on_remove
        self.removed.append(self.id)

    def stop(self, **_: Any) -> None:
        if self.on_stop:
            raise self.on_stop

    def reload(self) -> None:
        if self.on_look:
            raise self.on_look

    def logs(self, **_: Any) -> list[bytes]:
        return []


def api_error(status: int, explanation: str, kind: type[APIError] = APIError) -> APIError:
    response = requests.Response()
    response.status_code = status
    return kind(explanation, response=response, explanation=explanation)


class FakeDaemon:
    def __init__(self, *containers: FakeContainer, security: tuple[str, ...] = ()) -> None:
        self.stored = containers
        self.security = security
        self.containers = self

    def info(self) -> dict[str, Any]:
        return {"SecurityOptions": list(self.security)}

    def get(self, container_id: str) -> FakeContainer:
        for container in self.stored:
            if container.id == container_id and container_id not in container.removed:
                return container
        raise api_error(404, "No such container", NotFound)

    def list(self, *, all: bool, filters: dict[str, str], sparse: bool) -> list[FakeContainer]:  # noqa: A002
        assert sparse  # else the SDK looks at each, and one that vanished fails the whole list
        key, _, value = filters["label"].partition("=")
        return [container for container in self.stored if container.labels.get(key) == value]


def engine(settings: Settings, daemon: FakeDaemon) -> DockerEngine:
    return DockerEngine(settings, client=lambda: daemon)  # type: ignore[arg-type, return-value]


def test_a_user_runs_jobs_as_himself(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1234)
    monkeypatch.setattr(os, "getgid", lambda: 5678)

    assert engine(settings, FakeDaemon()).job_user(tmp_path) == (1234, 5678)


@pytest.mark.parametrize(("owner", "expected"), [((0, 0), (10001, 10001)), ((1000, 100), (1000, 100))])
def test_root_runs_jobs_as_the_run_folders_owner(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, owner: tuple[int, int], expected: tuple[int, int]
) -> None:
    def stat(path: Path) -> os.stat_result:
        assert path == Path("/runs/r")
        return os.stat_result((0o40755, 0, 0, 1, *owner, 0, 0, 0, 0))

    monkeypatch.setattr(os, "getuid", lambda: 0)
    monkeypatch.setattr(Path, "stat", stat)

    assert engine(settings, FakeDaemon()).job_user(Path("/runs/r/jobs/0-a-b")) == expected


def test_rootless_docker_runs_jobs_as_its_root(settings: Settings, tmp_path: Path) -> None:
    assert engine(settings, FakeDaemon(security=("name=rootless",))).job_user(tmp_path) == (0, 0)


def test_reap_removes_only_what_is_ours_and_undriven(settings: Settings, tmp_path: Path) -> None:
    held, free = tmp_path / "held", tmp_path / "free"
    free.touch()
    mine = {"evaldock.owner": owner_id(), "evaldock.run": "r", "evaldock.job": "j"}
    containers = (
        FakeContainer("held", {**mine, "evaldock.lock": str(held)}),
        FakeContainer("free", {**mine, "evaldock.lock": str(free)}),
        FakeContainer("gone", {**mine, "evaldock.lock": str(tmp_path / "gone")}),
        FakeContainer("other", {"evaldock.owner": "someone", "evaldock.lock": str(free)}),
    )
    with held.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lines = engine(settings, FakeDaemon(*containers)).reap()

    assert [name for container in containers for name in container.removed] == ["free", "gone"]
    assert lines[0] == "removed container free of run 'r', job 'j'"


def test_reap_goes_on_after_a_container_that_cannot_be_removed(settings: Settings, tmp_path: Path) -> None:
    lock = str(tmp_path / "gone")
    labels = {"evaldock.owner": owner_id(), "evaldock.run": "r", "evaldock.job": "j", "evaldock.lock": lock}
    stuck = FakeContainer("stuck", labels, on_remove=api_error(500, "driver failed: device or resource busy"))
    vanished = FakeContainer("vanished", labels, on_remove=api_error(404, "No such container", NotFound))
    free = FakeContainer("free", labels)

    lines = engine(settings, FakeDaemon(stuck, vanished, free)).reap()

    assert free.removed == ["free"]
    assert lines[0].startswith("left container stuck of run 'r', job 'j': cannot remove")
    assert [line.split()[0] for line in lines] == ["left", "removed", "removed"]


def test_reap_leaves_a_container_whose_lock_nobody_knows(settings: Settings) -> None:
    container = FakeContainer("odd", {"evaldock.owner": owner_id()})

    [line] = engine(settings, FakeDaemon(container)).reap()

    assert "left container odd" in line
    assert "docker rm -f odd" in line
    assert container.removed == []


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"on_stop": (404, NotFound)},
        {"on_stop": (409, APIError)},
        {"on_look": (404, NotFound)},
        {"on_remove": (404, NotFound)},
        {"on_remove": (409, APIError)},
    ],
)
def test_stop_may_be_called_twice_and_meet_a_container_that_goes(
    settings: Settings, tmp_path: Path, fault: dict[str, tuple[int, type[APIError]]]
) -> None:
    faults = {name: api_error(status, "it goes", kind) for name, (status, kind) in fault.items()}
    docker = engine(settings, FakeDaemon(FakeContainer("c", {}, **faults)))
    handle = Handle("docker", "c", str(tmp_path), started_at=1.0)

    outcomes = [docker.stop(handle, Ending.STOPPED, "enough") for _ in range(2)]

    assert [(outcome.ending, outcome.reason) for outcome in outcomes] == [(Ending.STOPPED, "enough")] * 2


def test_the_end_of_a_cut_log_that_went_with_its_container_is_no_failure(tmp_path: Path) -> None:
    class Gone(FakeContainer):
        def logs(self, **_: Any) -> list[bytes]:
            raise api_error(404, "No such container", NotFound)

    with (tmp_path / "log.txt").open("wb") as file:
        file.truncate(LOG_BYTES)

    LogFollower().drain(Gone("c", {}), tmp_path)  # type: ignore[arg-type]


def test_looking_at_a_lock_does_not_take_it(tmp_path: Path) -> None:
    lock = run_lock(tmp_path / "run" / "jobs" / "0-a-b")
    lock.parent.mkdir()
    lock.touch()

    assert lock == tmp_path / "run" / ".lock"
    assert not is_held(lock)
    assert not is_held(lock)


def test_a_missing_mount_is_named_before_anything_starts(settings: Settings, tmp_path: Path) -> None:
    job = Job("0-a-b", "echo", ("true",), {}, mounts=(Mount(tmp_path / "weights", "/models/a"),))
    environment = EnvironmentRecord(engine="docker", image="echo", reference="r", digest="d")

    with pytest.raises(EngineError, match=r"weights.*/models/a"):
        engine(settings, FakeDaemon()).submit(job, environment, Placement("r", tmp_path))
