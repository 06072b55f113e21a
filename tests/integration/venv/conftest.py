"""Fixtures for jobs that really run under the venv engine, in the echo environment (it has nothing to install)."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub.engine import Handle, Placement
from hub.engine.venv.engine import VenvEngine
from hub.images import load_image
from hub.job import Ending, Job, JobOutcome, Limits, Mount
from hub.report import EnvironmentRecord
from hub.settings import Settings
from tests.integration.desk import PATIENCE_S, Desk, open_desk

TIMEOUT_S = float(PATIENCE_S)


class Bench:
    """One engine and the jobs that a test starts with it."""

    def __init__(self, settings: Settings, environment: EnvironmentRecord) -> None:
        self.settings = settings
        self.engine = VenvEngine(settings, grace_s=1.0)
        self.environment = environment
        self.handles: list[Handle] = []

    def folder(self, job: str = "1-m-echo") -> Path:
        return self.settings.runs_dir / "run" / "jobs" / job

    def start(
        self,
        *command: str,
        env: dict[str, str] | None = None,
        memory_bytes: int | None = None,
        timeout_s: float | None = None,
        socket_dir: Path | None = None,
        mounts: tuple[Mount, ...] = (),
    ) -> Handle:
        folder = self.folder()
        for name in ("input", "output"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        job = Job(
            id=folder.name,
            image="echo",
            command=command,
            files={},
            mounts=mounts,
            env=env or {},
            limits=Limits(memory_bytes=memory_bytes, timeout_s=timeout_s),
            gateway=socket_dir is not None,
        )
        handle = self.engine.submit(job, self.environment, Placement("run", folder, socket_dir))
        self.handles.append(handle)
        return handle

    def end(self, handle: Handle) -> JobOutcome:
        outcome = self.engine.wait(handle, TIMEOUT_S)
        assert outcome is not None, self.log()
        return outcome

    def run(self, *command: str, **options: object) -> JobOutcome:
        return self.end(self.start(*command, **options))  # type: ignore[arg-type]

    def python(self, source: str, **options: object) -> JobOutcome:
        return self.run("python", "-c", source, **options)

    def log(self) -> str:
        return (self.folder() / "log.txt").read_text()


@pytest.fixture(scope="session")
def echo_environment(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, EnvironmentRecord]:
    """Return a cache with the echo environment in it, and its record; built once."""
    cache = tmp_path_factory.mktemp("cache")
    settings = Settings(runs_dir=cache, cache_dir=cache, state_dir=cache, runtime_dir=cache)
    lines: list[str] = []
    return cache, VenvEngine(settings).prepare(load_image("echo", settings), lines.append)


@pytest.fixture
def bench(tmp_path: Path, echo_environment: tuple[Path, EnvironmentRecord]) -> Iterator[Bench]:
    cache, environment = echo_environment
    settings = Settings(
        runs_dir=tmp_path / "runs", cache_dir=cache, state_dir=tmp_path / "state", runtime_dir=tmp_path / "runtime"
    )
    bench = Bench(settings, environment)
    yield bench
    for handle in bench.handles:
        bench.engine.stop(handle, Ending.STOPPED, "the test is over")


@pytest.fixture
def desk(tmp_path: Path, echo_environment: tuple[Path, EnvironmentRecord]) -> Iterator[Desk]:
    with open_desk(tmp_path, echo_environment[0]) as desk:
        yield desk


@pytest.fixture
def socket_dir(request: pytest.FixtureRequest) -> Iterator[Path]:
    """Return a folder with a short path, for sockets, below the one that the test names."""
    if not os.access(request.param, os.W_OK):
        pytest.skip(f"{request.param} is not ours to write")
    with tempfile.TemporaryDirectory(prefix=f"ed{os.getpid()}-", dir=request.param) as folder:
        yield Path(folder)


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    import time

    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < deadline, "it did not come to pass"
            time.sleep(0.01)

    return wait
