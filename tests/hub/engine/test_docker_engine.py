"""Decisions of the Docker engine that need no daemon: who a job runs as, what is reaped."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hub.engine import Placement
from hub.engine.docker import DockerEngine
from hub.engine.ownership import is_held, owner_id, run_lock
from hub.errors import EngineError
from hub.job import Job, Mount
from hub.report import EnvironmentRecord
from hub.settings import Settings


@dataclass
class FakeContainer:
    id: str
    labels: dict[str, str]
    removed: list[str] = field(default_factory=list)

    @property
    def short_id(self) -> str:
        return self.id

    def remove(self, **_: Any) -> None:
        self.removed.append(self.id)


class FakeDaemon:
    def __init__(self, *containers: FakeContainer, security: tuple[str, ...] = ()) -> None:
        self.stored = containers
        self.security = security
        self.containers = self

    def info(self) -> dict[str, Any]:
        return {"SecurityOptions": list(self.security)}

    def list(self, *, all: bool, filters: dict[str, str]) -> list[FakeContainer]:  # noqa: A002 - docker's word
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
