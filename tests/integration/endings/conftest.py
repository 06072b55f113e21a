"""Whole runs of a backend that misbehaves as told, through each engine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.harness import Ran
from tests.fakes.checkout import Checkout, make_checkout
from tests.fakes.upstream import FakeUpstream

_REGISTRY_FREE_BASE = "evaldock-base:bookworm"  # what .ci/base-image makes
ENGINES = [pytest.param("docker", marks=pytest.mark.container), "venv"]


@dataclass(frozen=True)
class Stage:
    """One engine, one checkout, one upstream: what every run of a module shares."""

    engine: str
    checkout: Checkout
    upstream: FakeUpstream
    environment: dict[str, str]

    def task(self, folder: Path, *evaluations: list[Any], **more: Any) -> Path:
        """Write a task: each evaluation is a list of data sets, and becomes one job."""
        folder.mkdir(parents=True, exist_ok=True)
        plain = {
            "version": 1,
            "name": "unruly",
            "models": {"m": {"endpoint": self.upstream.base_url, "model": "fake"}},
            "evaluations": [{"backend": "unruly", "datasets": datasets} for datasets in evaluations],
            "resources": {"memory": "128m"},
        }
        path = folder / "task.yaml"
        path.write_text(yaml.safe_dump({**plain, **more}))
        return path

    def run(self, folder: Path, *evaluations: list[Any], **more: Any) -> Ran:
        """Run such a task to its end."""
        task = self.task(folder, *evaluations, **more)
        return self.checkout.evaldock(folder, "run", str(task), "--engine", self.engine, **self.environment)

    def leftovers(self, ran: Ran) -> list[str]:
        """Return what still lives of a run: its containers, the processes of its jobs."""
        run = ran.folder
        listed = subprocess.run(
            ["docker", "ps", "-aq", "--filter", f"label=evaldock.run={run.name}"], capture_output=True, text=True
        )
        return [*(listed.stdout.split() if self.engine == "docker" else ()), *_processes(str(run))]


def _processes(mark: str) -> list[str]:
    """Return the processes whose environment or command line names `mark`."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            text = (path / "environ").read_bytes() + (path / "cmdline").read_bytes()
        except OSError:
            continue
        if mark.encode() in text and int(path.name) != os.getpid():
            found.append(path.name)
    return found


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return make_checkout(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module", params=ENGINES)
def stage(request: pytest.FixtureRequest, checkout: Checkout, cache: Path) -> Iterator[Stage]:
    environment = {"EVALDOCK_CACHE": str(cache), "EVALDOCK_STATE": str(cache / "state")}
    if request.param == "docker":
        _require_docker()
        environment["EVALDOCK_BASE_IMAGE"] = os.environ.get("EVALDOCK_BASE_IMAGE") or _base()
    with FakeUpstream() as upstream:
        yield Stage(request.param, checkout, upstream, environment)


def _require_docker() -> None:
    if subprocess.run(["docker", "version"], capture_output=True).returncode == 0:
        return
    if os.environ.get("EVALDOCK_REQUIRE_DOCKER"):
        pytest.fail("no Docker daemon answers")
    pytest.skip("no Docker daemon answers")


def _base() -> str:
    found = subprocess.run(["docker", "images", "-q", _REGISTRY_FREE_BASE], capture_output=True, text=True).stdout
    return _REGISTRY_FREE_BASE if found else ""
