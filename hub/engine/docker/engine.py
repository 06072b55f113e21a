"""The Docker engine: each job is a container without network, without rights, with one socket."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.engine import EngineName, Handle, Isolation, Placement, Progress
from hub.engine.docker import container as containers
from hub.engine.docker.arguments import (
    ENTRY,
    LABEL_JOB,
    LABEL_LOCK,
    LABEL_OWNER,
    LABEL_RUN,
    Container,
    container_arguments,
)
from hub.engine.docker.build import DockerImages
from hub.engine.docker.client import connect, gpu_driver, is_rootless, translated
from hub.engine.docker.links import with_linked
from hub.engine.docker.log import LogFollower
from hub.engine.docker.outcome import ended, exited
from hub.engine.docker.probe import PROBE, PROBE_ENTRY, check_daemon, check_gpus, check_jobs
from hub.engine.host_network import host_network
from hub.engine.ownership import owner_id, run_lock
from hub.engine.writable import unwritable
from hub.errors import EvaldockError, PrerequisiteError
from hub.finding import Finding
from hub.images import ImageSpec, image_names, load_image
from hub.job import Ending, Job, JobOutcome
from hub.lockfile import is_held
from hub.report import EnvironmentRecord
from hub.settings import Settings

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container as DockerContainer

_NOBODY = (10001, 10001)
_GONE = "its container is gone: removed by someone else, or lost by the daemon"


class DockerEngine:
    """Runs jobs as containers of the daemon that DOCKER_HOST, or docker's default, names."""

    def __init__(self, settings: Settings, *, client: Callable[[], DockerClient] = connect) -> None:
        """Remember how to reach the daemon; nothing is asked of it yet."""
        self._settings = settings
        self._connect = client
        self._logs = LogFollower()

    @property
    def name(self) -> EngineName:
        """Return the engine's name."""
        return "docker"

    @property
    def isolation(self) -> Isolation:
        """Return how strongly a container isolates."""
        return "container"

    @cached_property
    def _client(self) -> DockerClient:
        return self._connect()

    @cached_property
    def _info(self) -> Mapping[str, Any]:
        with translated("ask the Docker daemon what it can do"):
            return dict(self._client.info())

    @cached_property
    def _images(self) -> DockerImages:
        return DockerImages(self._client, self._settings.state_dir)

    def check(self, *, gpus: bool, probe: bool = True) -> tuple[Finding, ...]:
        """Look whether jobs (with GPUs) can run here; the probe is one short container, if an image is present."""
        try:
            findings = [check_daemon(self._info)]
            stops = unwritable(self._settings.state_dir, "EVALDOCK_STATE", attempt=probe)
            findings += stops
            if probe and not stops:
                bases = {load_image(name, self._settings).base for name in image_names()}
                findings.append(check_jobs(self, self._client, self._settings, tuple(sorted(bases))))
            if gpus:
                findings.append(check_gpus(self._info))
        except PrerequisiteError as error:
            return (Finding("missing", "docker", error.message, error.hint),)
        return tuple(findings)

    def find(self, image: ImageSpec) -> EnvironmentRecord | None:
        """Return the image where it already exists, else None."""
        return self._images.find(image)

    def prepare(self, image: ImageSpec, progress: Progress) -> EnvironmentRecord:
        """Build the image where it is missing."""
        return self._images.prepare(image, progress)

    def job_user(self, folder: Path) -> tuple[int, int]:
        """Return uid and gid of a job: the caller's; for root, the run folder's owner's; 0 where rootless."""
        if is_rootless(self._info):
            return (0, 0)
        if os.getuid():
            return (os.getuid(), os.getgid())
        run = folder.parent.parent.stat()
        return (run.st_uid, run.st_gid) if run.st_uid else _NOBODY

    def submit(self, job: Job, environment: EnvironmentRecord, place: Placement) -> Handle:
        """Start the job's container and return at once.

        Raises:
            EngineError: a mount is missing, a link leads out of one, or the daemon refused.
            PrerequisiteError: the daemon does not answer, or cannot hand out GPUs.
            ImageError: the image is gone.
        """
        containers.require_sources(job)
        job = with_linked(job)
        entry = PROBE_ENTRY if job.image == PROBE else ENTRY
        arguments = container_arguments(job, self._container(job, environment, place), entry=entry)
        user = self.job_user(place.folder)
        containers.give_to(user, place.folder, job)
        containers.require_readable(job, user)
        container = containers.start(self._client, arguments, doing=f"start job {job.id!r}")
        self._logs.follow(container, place.folder)
        return Handle(self.name, str(container.id), str(place.folder), started_at=time.time())

    def wait(self, handle: Handle, timeout_s: float) -> JobOutcome | None:
        """Return the outcome, or None when it still runs after `timeout_s`; removes the ended container."""
        container = containers.get(self._client, handle.id)
        if container is None:
            return ended(None, Ending.LOST, _GONE, started_at=handle.started_at)
        self._logs.follow(container, Path(handle.folder))
        if not containers.has_exited(container, timeout_s):
            return None
        attributes = containers.inspect(container)
        if attributes is None:
            return ended(None, Ending.LOST, _GONE, started_at=handle.started_at)
        oom = containers.met_oom(self._client, attributes)
        self._release(container, handle)
        return exited(attributes, oom=oom, started_at=handle.started_at)

    def stop(self, handle: Handle, ending: Ending, reason: str) -> JobOutcome:
        """End the job: SIGTERM, after a grace period SIGKILL; remove its container and say why it ended."""
        container = containers.get(self._client, handle.id)
        if container is None:
            return ended(None, ending, reason, started_at=handle.started_at)
        self._logs.follow(container, Path(handle.folder))
        containers.stop(container)
        attributes = containers.inspect(container)
        self._release(container, handle)
        return ended(attributes, ending, reason, started_at=handle.started_at)

    def reap(self) -> tuple[str, ...]:
        """Remove the containers of this owner whose run nobody drives any more; return a line for each."""
        with translated("list containers"):
            # Sparse: the list itself has the labels, and one that vanishes meanwhile need not be looked at.
            mine = self._client.containers.list(
                all=True, filters={"label": f"{LABEL_OWNER}={owner_id()}"}, sparse=True
            )
        return tuple(filter(None, map(_reap, mine)))

    def _container(self, job: Job, environment: EnvironmentRecord, place: Placement) -> Container:
        network = host_network()
        labels = {
            LABEL_RUN: place.run_id,
            LABEL_JOB: job.id,
            LABEL_OWNER: owner_id(),
            LABEL_LOCK: str(run_lock(place.folder.absolute())),
        }
        return Container(
            image=environment.digest,
            folder=place.folder.absolute(),
            user=self.job_user(place.folder),
            labels=labels,
            socket_dir=place.socket_dir,
            gpu_driver=(gpu_driver(self._info) or "nvidia") if job.gpus else "nvidia",
            ca=network.ca,
            proxies=network.proxies,
        )

    def _release(self, container: DockerContainer, handle: Handle) -> None:
        """Remove a container that has ended, after its output is in its file."""
        with translated("read the end of a log"):
            self._logs.drain(container, Path(handle.folder))
        containers.remove(container)


def _reap(container: DockerContainer) -> str:
    """Remove a container of ours whose run nobody drives; return the line that says so, empty where it is driven."""
    labels = container.attrs.get("Labels") or {}
    name = f"container {container.short_id} of run {labels.get(LABEL_RUN)!r}, job {labels.get(LABEL_JOB)!r}"
    if LABEL_LOCK not in labels:
        return f"left {name}: nothing says whether its run lives; `docker rm -f {container.short_id}` removes it"
    if is_held(Path(labels[LABEL_LOCK])):
        return ""
    try:
        containers.remove(container)
    except EvaldockError as error:  # one that cannot be removed must not stop every later run
        return f"left {name}: {error.message}"
    return f"removed {name}"
