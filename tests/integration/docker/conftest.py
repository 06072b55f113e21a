"""A real daemon, the echo image, and a run folder whose lock is held, as a hub holds it."""

from __future__ import annotations

import fcntl
import gc
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.engine import Handle, Placement
from hub.engine.docker.client import connect
from hub.engine.docker.engine import DockerEngine
from hub.errors import PrerequisiteError
from hub.images import load_image
from hub.job import Job, JobOutcome
from hub.report import EnvironmentRecord
from hub.settings import Settings, load_settings
from tests.integration.desk import PATIENCE_S

_REGISTRY_FREE_BASE = "evaldock-base:bookworm"  # what .ci/base-image makes


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder; the SDK leaves the sockets of its streams to the garbage collector."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.container)
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))


@pytest.fixture(scope="session")
def client() -> Iterator[Any]:
    """Return the SDK's client; without a daemon the tests are skipped, or fail where one is required."""
    try:
        found = connect()
    except PrerequisiteError as error:
        if os.environ.get("EVALDOCK_REQUIRE_DOCKER"):
            raise
        pytest.skip(error.message)
    yield found
    found.close()


@pytest.fixture(scope="session")
def docker_settings(client: Any, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return settings with the base image that is here."""
    real = load_settings()
    folder = tmp_path_factory.mktemp("settings")
    made_here = any(_REGISTRY_FREE_BASE in image.tags for image in client.images.list())
    base = real.base_image or (_REGISTRY_FREE_BASE if made_here else None)
    return replace(real, base_image=base, state_dir=folder / "state", runtime_dir=Path(f"/tmp/ed-{os.getpid()}"))


@pytest.fixture(scope="session")
def engine(client: Any, docker_settings: Settings) -> DockerEngine:
    return DockerEngine(docker_settings, client=lambda: client)


@pytest.fixture(scope="session")
def echo(engine: DockerEngine, docker_settings: Settings) -> EnvironmentRecord:
    """Return the echo image, built where it is missing."""
    return engine.prepare(load_image("echo", docker_settings), lambda line: None)


class Place:
    """One job's folder in a run of its own, and the ways to run Python in it."""

    def __init__(self, engine: DockerEngine, environment: EnvironmentRecord, run: Path) -> None:
        self.engine = engine
        self.environment = environment
        self.run_id = uuid.uuid4().hex
        self.folder = run / "jobs" / "0-none-echo"
        for name in ("input", "output"):
            (self.folder / name).mkdir(parents=True)

    @property
    def log(self) -> str:
        return (self.folder / "log.txt").read_text(errors="replace")

    def start(self, code: str, *, socket_dir: Path | None = None, **job: Any) -> Handle:
        """Start `code` as a job."""
        made = Job("0-none-echo", "echo", ("python", "-c", code), files={}, **job)
        return self.engine.submit(made, self.environment, Placement(self.run_id, self.folder, socket_dir))

    def run(self, code: str, **job: Any) -> JobOutcome:
        """Run `code` to its end."""
        outcome = self.engine.wait(self.start(code, **job), timeout_s=PATIENCE_S)
        assert outcome is not None
        return outcome

    def say(self, code: str, **job: Any) -> str:
        """Run `code`, which must succeed, and return what it printed."""
        outcome = self.run(code, **job)
        assert outcome.exit_code == 0, self.log
        return self.log.strip()


@pytest.fixture
def place(engine: DockerEngine, echo: EnvironmentRecord, tmp_path: Path, client: Any) -> Iterator[Place]:
    """Return a job's folder; its run is locked, and no container of it is left."""
    run = tmp_path / "run"
    run.mkdir()
    with (run / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = Place(engine, echo, run)
        yield made
    left = client.containers.list(all=True, filters={"label": f"evaldock.run={made.run_id}"})
    for container in left:
        container.remove(force=True)
    gc.collect()


@pytest.fixture
def containers(client: Any, place: Place) -> Callable[[], int]:
    """Return a function that counts the containers of this run."""
    return lambda: len(client.containers.list(all=True, filters={"label": f"evaldock.run={place.run_id}"}))
