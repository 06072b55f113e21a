"""Whether jobs can run here: one short container that connects to a socket and writes its output."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hub.engine import Handle, Placement
from hub.engine.docker.arguments import LABEL_IMAGE
from hub.engine.docker.client import MEND_GPU, gpu_driver, is_rootless, list_images, translated
from hub.engine.ownership import run_lock
from hub.errors import EngineError
from hub.finding import ON_PROCESSORS, Finding
from hub.job import OUTPUT, SOCKET_DIR, SOCKET_NAME, Ending, Job, JobOutcome, Limits
from hub.private import make_private, require_ours, require_short
from hub.report import EnvironmentRecord
from hub.settings import Settings

if TYPE_CHECKING:
    from docker import DockerClient

PROBE = "probe"
PROBE_ENTRY = ("python3", "-c")  # a bare base image has no entry of ours
_TIMEOUT_S = 30.0
_MEND_LOCAL = (
    "evaldock needs a Docker daemon on this very Linux machine that sees its files (not Docker Desktop, "
    "not a remote DOCKER_HOST), or `engine: venv`"
)
_SCRIPT = f"""
import socket
with socket.socket(socket.AF_UNIX) as way:
    way.settimeout(10)
    way.connect("{SOCKET_DIR}/{SOCKET_NAME}")
    way.sendall(b"hello")
open("{OUTPUT}/hello", "x").close()
"""


class ProbeEngine(Protocol):
    """What the probe needs of the engine: the way of every job."""

    def job_user(self, folder: Path) -> tuple[int, int]:
        """Return uid and gid of a job."""

    def submit(self, job: Job, environment: EnvironmentRecord, place: Placement) -> Handle:
        """Start a job."""

    def wait(self, handle: Handle, timeout_s: float) -> JobOutcome | None:
        """Return a job's outcome."""

    def stop(self, handle: Handle, ending: Ending, reason: str) -> JobOutcome:
        """End a job."""


def check_daemon(info: Mapping[str, Any]) -> Finding:
    """Say which daemon answers."""
    way = ", rootless" if is_rootless(info) else ""
    return Finding("ok", "docker", f"version {info.get('ServerVersion')} answers ({info.get('Driver')}{way})")


def check_gpus(info: Mapping[str, Any]) -> Finding:
    """Say whether this daemon can hand out GPUs."""
    driver = gpu_driver(info)
    if driver:
        return Finding("ok", "gpu", f"the daemon hands out GPUs ({driver})")
    return Finding("missing", "gpu", "the Docker daemon has no NVIDIA runtime", f"{MEND_GPU}; or {ON_PROCESSORS}")


def check_jobs(engine: ProbeEngine, client: DockerClient, settings: Settings, bases: tuple[str, ...]) -> Finding:
    """Run the probe in any image of ours, else in a base image, whichever is present."""
    image = _any_image(client, bases)
    if image is None:
        return Finding("ok", "isolation", "not probed: no image is here yet; `evaldock build` makes them")
    with _folders(settings) as (folder, socket_dir):
        return _probe(engine, image, Placement(PROBE, folder, socket_dir))


def _any_image(client: DockerClient, bases: tuple[str, ...]) -> EnvironmentRecord | None:
    with translated("list images"):
        ours = list_images(client, filters={"label": LABEL_IMAGE})
        found = ours or [image for base in bases for image in list_images(client, name=base)]
    ids = sorted(str(image.id) for image in found)
    return EnvironmentRecord(engine="docker", image=PROBE, reference=ids[0], digest=ids[0]) if ids else None


@contextmanager
def _folders(settings: Settings) -> Iterator[tuple[Path, Path]]:
    """Make a run folder with one job, locked as a run is, and a socket folder; leave nothing.

    Raises:
        PrerequisiteError: there is no place for the socket.
    """
    make_private(settings.runtime_dir)
    require_ours(settings.runtime_dir)
    run = Path(tempfile.mkdtemp(dir=settings.state_dir, prefix="probe-"))
    socket_dir = Path(tempfile.mkdtemp(dir=settings.runtime_dir, prefix="probe-"))
    folder = run / "jobs" / PROBE
    try:
        require_short(socket_dir / SOCKET_NAME)
        (folder / "input").mkdir(parents=True)
        (folder / "output").mkdir()
        with run_lock(folder).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder, socket_dir
    finally:
        shutil.rmtree(run, ignore_errors=True)
        shutil.rmtree(socket_dir, ignore_errors=True)


def _probe(engine: ProbeEngine, image: EnvironmentRecord, place: Placement) -> Finding:
    user = engine.job_user(place.folder)
    with _listener(place, user) as listener:
        try:
            outcome = _run(engine, image, place)
        except EngineError as error:
            return Finding("missing", "isolation", error.message, error.hint or _MEND_LOCAL)
        called = _was_called(listener)
    if outcome.ending is not Ending.SUCCEEDED or not called:
        said = (place.folder / "log.txt").read_text(errors="replace").strip().splitlines()
        why = said[-1] if said else outcome.reason
        return Finding("missing", "isolation", f"a container does not reach the hub's socket: {why}", _MEND_LOCAL)
    return _output_finding(place.folder / "output" / "hello", user)


def _output_finding(path: Path, user: tuple[int, int]) -> Finding:
    expected = os.getuid() if user == (0, 0) else user[0]
    if not path.is_file():
        return Finding("missing", "isolation", "what a container writes does not arrive here", _MEND_LOCAL)
    if path.stat().st_uid != expected:
        message = f"output of a container belongs to uid {path.stat().st_uid}, not to {expected}"
        return Finding("missing", "isolation", message, "the daemon remaps users (userns-remap); switch that off")
    return Finding("ok", "isolation", "a container without network reaches the socket and writes its output")


def _run(engine: ProbeEngine, image: EnvironmentRecord, place: Placement) -> JobOutcome:
    job = Job(PROBE, PROBE, (_SCRIPT,), files={}, limits=Limits(memory_bytes=256 << 20, pids=64), gateway=True)
    handle = engine.submit(job, image, place)
    outcome = engine.wait(handle, _TIMEOUT_S)
    return outcome or engine.stop(handle, Ending.TIMED_OUT, f"the probe did not end within {_TIMEOUT_S:.0f} s")


@contextmanager
def _listener(place: Placement, user: tuple[int, int]) -> Iterator[socket.socket]:
    """Listen where the gateway would, for the job's user."""
    folder = place.socket_dir or place.folder
    path = folder / SOCKET_NAME
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        listener.settimeout(1)
        if not os.getuid():
            for owned in (folder, path):
                os.chown(owned, *user)
        yield listener


def _was_called(listener: socket.socket) -> bool:
    try:
        connection, _ = listener.accept()
    except TimeoutError:
        return False
    with connection:
        return connection.recv(16) == b"hello"
