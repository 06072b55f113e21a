"""One job's container: made ready, started, waited for, stopped, removed."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.engine.docker.arguments import Arguments
from hub.engine.docker.client import translated
from hub.engine.docker.outcome import parse_time
from hub.errors import EngineError
from hub.job import Job

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

_GRACE_S = 10
_CONFLICT = 409  # "removal is already in progress", "is not running"
_SHORTEST_WAIT_S = 0.05


def give_to(user: tuple[int, int], folder: Path, job: Job) -> None:
    """Let the job's user own what it may write and its input, as far as that is root's and this process is root."""
    if os.getuid() or user == (0, 0):
        return
    writable = (mount.source for mount in job.mounts if not mount.read_only)
    for root in (folder / "input", folder / "output", *writable):
        for path in (root, *root.rglob("*")):
            if path.lstat().st_uid == 0:
                os.chown(path, *user, follow_symlinks=False)


def require_sources(job: Job) -> None:
    """Refuse a job whose mounts do not exist.

    Raises:
        EngineError: names the first that is missing.
    """
    for mount in job.mounts:
        if not mount.source.exists():
            message = f"job {job.id!r}: {str(mount.source)!r}, to be mounted at {mount.target!r}, does not exist"
            raise EngineError(message, hint="it was there when the run was checked; run again")


def require_readable(job: Job, user: tuple[int, int]) -> None:
    """Refuse a job that could not read its mounts: root's caller is root, its jobs are not.

    Raises:
        EngineError: names the first file or folder that `user` cannot read.
    """
    if user[0] in {0, os.getuid()}:
        return
    for mount in job.mounts:
        for path in (mount.source, *mount.source.rglob("*")):
            if path.exists() and not _readable(path.stat(), user):
                message = f"job {job.id!r} runs as user {user[0]}, who may not read {str(path)!r}"
                raise EngineError(message, hint=f"chmod -R a+rX {str(mount.source)!r}")


def _readable(status: os.stat_result, user: tuple[int, int]) -> bool:
    """Apply the permission bits as the kernel does: owner, else group, else others; a folder must be searchable."""
    wanted = 0o5 if stat.S_ISDIR(status.st_mode) else 0o4
    shift = 6 if status.st_uid == user[0] else 3 if status.st_gid == user[1] else 0
    return status.st_mode >> shift & wanted == wanted


def start(client: DockerClient, arguments: Arguments, *, doing: str) -> Container:
    """Create and start a container; leaves none behind when it does not start."""
    with translated(doing):
        container = client.containers.create(**arguments)
        with removed_on_failure(container):
            container.start()
        return container


@contextmanager
def removed_on_failure(container: Container) -> Iterator[None]:
    """Remove the container where the block fails or is interrupted."""
    try:
        yield
    except BaseException:
        remove(container)
        raise


def get(client: DockerClient, container_id: str) -> Container | None:
    """Return a container, None where it no longer exists."""
    from docker.errors import NotFound  # noqa: PLC0415

    with translated(f"look for container {container_id[:12]}"):
        try:
            return client.containers.get(container_id)
        except NotFound:
            return None


def has_exited(container: Container, timeout_s: float) -> bool:
    """Wait up to `timeout_s` for its end."""
    from docker.errors import NotFound  # noqa: PLC0415
    from requests.exceptions import ConnectionError as LostConnectionError  # noqa: PLC0415
    from requests.exceptions import ReadTimeout  # noqa: PLC0415

    with translated(f"wait for container {container.short_id}"):
        try:
            container.wait(timeout=max(timeout_s, _SHORTEST_WAIT_S))
        except (ReadTimeout, NotFound):
            pass
        except LostConnectionError as error:
            # requests has two names for a read time-out, by where it strikes.
            if "timed out" not in str(error):
                raise
    attributes = inspect(container)
    return attributes is None or attributes["State"]["Status"] in {"exited", "dead"}


def stop(container: Container) -> None:
    """Send SIGTERM, and SIGKILL after the grace period; nothing to do where it has ended, or is going."""
    from docker.errors import APIError, NotFound  # noqa: PLC0415

    with translated(f"stop container {container.short_id}"):
        try:
            container.stop(timeout=_GRACE_S)
        except NotFound:
            pass
        except APIError as error:
            if error.status_code != _CONFLICT:
                raise


def inspect(container: Container) -> Mapping[str, Any] | None:
    """Return what the daemon knows of it, None where it no longer exists."""
    from docker.errors import NotFound  # noqa: PLC0415

    with translated(f"inspect container {container.short_id}"):
        try:
            container.reload()
        except NotFound:
            return None
    return dict(container.attrs)


def remove(container: Container) -> None:
    """Remove it with its anonymous volumes; one that is gone, or going, is fine."""
    from docker.errors import APIError, NotFound  # noqa: PLC0415

    with translated(f"remove container {container.short_id}"):
        try:
            container.remove(force=True, v=True)
        except NotFound:
            pass
        except APIError as error:
            if error.status_code != _CONFLICT:
                raise


def met_oom(client: DockerClient, attributes: Mapping[str, Any]) -> bool:
    """Return whether the kernel ended any process of it for its memory limit.

    Not every daemon sets OOMKilled when the victim was a child; its events tell.
    """
    if attributes["State"].get("OOMKilled"):
        return True
    started = parse_time(attributes["State"].get("StartedAt", ""))
    if started is None or not attributes["HostConfig"].get("Memory"):
        return False
    filters = {"container": attributes["Id"], "event": "oom"}
    with translated("read the daemon's events"):
        return any(True for _ in client.events(since=int(started), until=int(time.time()) + 1, filters=filters))
