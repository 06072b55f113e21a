"""The way to the Docker daemon: connect, ask what it can do, and say in our words what it refused."""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from hub.engine.docker.arguments import GpuDriver
from hub.errors import EngineError, EvaldockError, ImageError, PrerequisiteError

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.images import Image

_DEFAULT_HOST = "unix:///var/run/docker.sock"
_PING_S = 5
_REQUEST_S = 60
_TRIES = 10

MEND_GPU = (
    "install nvidia-container-toolkit, run `sudo nvidia-ctk runtime configure --runtime=docker` "
    "and restart the Docker daemon"
)
_MEND_START = "start it (`sudo systemctl start docker`), or say where it is with DOCKER_HOST"
_MEND_GROUP = "`sudo usermod -aG docker $USER` and log in again, or use rootless Docker (DOCKER_HOST)"
_MEND_PATH = (
    "the daemon sees other files than evaldock does: use folders that both share at the same path "
    "(EVALDOCK_RUNS, EVALDOCK_CACHE, XDG_RUNTIME_DIR)"
)
# What the HTTP client says in the names of its classes, some of them inside others.
_SILENCES = (
    (re.compile(r"FileNotFoundError|No such file or directory"), "there is no such socket"),
    (re.compile(r"ConnectionRefusedError|Connection refused"), "nothing listens there"),
    (re.compile(r"NameResolutionError|Name or service not known|gaierror"), "no machine of that name is known"),
    (re.compile(r"[Tt]imed out|Timeout"), f"no answer within {_PING_S} s"),
)


class _Limit(NamedTuple):
    """A limit of the task that a daemon refuses: how it says so, and how we do."""

    pattern: re.Pattern[str]
    kind: type[EvaldockError]
    what: str
    hint: str


# The words are those of dockerd's checks, runc's cgroups and NVIDIA's hook and CDI library.
_LIMITS = (
    _Limit(
        re.compile(r"Minimum memory|memory\.limit_in_bytes|memory\.max\b|unable to set memory limit", re.IGNORECASE),
        EngineError,
        "Docker does not accept the task's resources.memory",
        "write a size from 64m up to this machine's memory, or leave it out",
    ),
    _Limit(
        re.compile(r"SHM size|to rootfs at \"?/dev/shm", re.IGNORECASE),
        EngineError,
        "Docker does not accept the task's resources.shm_size",
        "write a size such as 1g, no more than this machine's memory, or leave it out",
    ),
    _Limit(
        re.compile(r"pids\.max\b|pids limit", re.IGNORECASE),
        EngineError,
        "Docker does not accept the task's resources.pids",
        "write a number such as 4096 (the kernel allows what /proc/sys/kernel/pid_max says), or leave it out",
    ),
    _Limit(
        re.compile(r"device error: .*unknown device|unresolvable CDI devices"),
        PrerequisiteError,
        "a device of the task's resources.gpus is not on this machine, or Docker does not know it",
        "`nvidia-smi -L` lists the ids; where the daemon uses CDI, `sudo nvidia-ctk cdi generate` tells it of them",
    ),
)


def connect() -> DockerClient:
    """Return a client of the daemon that DOCKER_HOST (or docker's default) names, after it has answered.

    Raises:
        PrerequisiteError: no daemon, no permission, or a daemon too old.
    """
    import docker  # noqa: PLC0415 - 0.2 s

    _require_listener(os.environ.get("DOCKER_HOST") or _DEFAULT_HOST)
    with translated("reach the Docker daemon"):
        with closing(docker.from_env(timeout=_PING_S)) as probe:
            version = probe.version()["ApiVersion"]
        return docker.from_env(version=version, timeout=_REQUEST_S)


def _require_listener(host: str) -> None:
    """Raise where nothing listens at a unix socket: the SDK leaves its own one open that could not connect."""
    scheme, _, path = host.partition("unix://")
    if scheme not in {"", "http+"} or not path:
        return
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_PING_S)
        try:
            probe.connect(f"/{path.lstrip('/')}")  # as the SDK reads it
        except OSError as error:
            raise unreachable(str(error)) from error


def list_images(client: DockerClient, **query: Any) -> list[Image]:
    """Return what `client.images.list` does, which fails where an image that it found is removed meanwhile."""
    from docker.errors import ImageNotFound  # noqa: PLC0415 - heavy, and needed with a daemon only

    for _ in range(_TRIES):
        with suppress(ImageNotFound):
            return client.images.list(**query)
    return client.images.list(**query)


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn what docker raises inside into our errors; `doing` completes "cannot ..."."""
    from docker.errors import APIError, DockerException, ImageNotFound  # noqa: PLC0415
    from requests.exceptions import RequestException  # noqa: PLC0415

    try:
        yield
    except ImageNotFound as error:
        raise ImageError(f"cannot {doing}: {error.explanation}", hint="`evaldock build` makes it") from error
    except APIError as error:
        raise refusal(doing, str(error.explanation or error)) from error
    except (DockerException, RequestException) as error:
        raise unreachable(str(error)) from error


def refusal(doing: str, explanation: str) -> EvaldockError:
    """Return our error for a request that the daemon answered with a refusal."""
    for limit in _LIMITS:
        if limit.pattern.search(explanation):
            return limit.kind(f"cannot {doing}: {limit.what}", hint=limit.hint)
    message = f"cannot {doing}: {explanation}"
    if "could not select device driver" in explanation or "CDI device injection failed" in explanation:
        return PrerequisiteError(message, hint=MEND_GPU)
    if "bind source path does not exist" in explanation or "Mounts denied" in explanation:
        return EngineError(message, hint=_MEND_PATH)
    return EngineError(message)


def unreachable(explanation: str) -> PrerequisiteError:
    """Return our error for a daemon that did not answer."""
    where = os.environ.get("DOCKER_HOST") or "its default socket"
    if "PermissionError" in explanation or "Permission denied" in explanation:
        return PrerequisiteError(f"no permission to use Docker at {where}", hint=_MEND_GROUP)
    known = next((words for pattern, words in _SILENCES if pattern.search(explanation)), explanation)
    return PrerequisiteError(f"Docker does not answer at {where}: {known}", hint=_MEND_START)


def is_rootless(info: Mapping[str, Any]) -> bool:
    """Return whether root in a container is the daemon's own user on the host."""
    return any(option.startswith("name=rootless") for option in info.get("SecurityOptions") or ())


def gpu_driver(info: Mapping[str, Any]) -> GpuDriver | None:
    """Return how this daemon hands out NVIDIA GPUs, None where it cannot."""
    if "nvidia" in (info.get("Runtimes") or {}):
        return "nvidia"
    devices = info.get("DiscoveredDevices") or ()
    if any(str(device.get("ID", "")).startswith("nvidia.com/gpu") for device in devices):
        return "cdi"
    # The hook alone is enough for `--gpus`, and `docker info` does not show it.
    return "nvidia" if shutil.which("nvidia-container-runtime-hook") else None
