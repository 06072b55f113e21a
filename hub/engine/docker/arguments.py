"""The arguments that a job's container is created with: the whole of its isolation, as one pure function."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hub.engine.backstop import backstop
from hub.job import INPUT, OUTPUT, SERVER_SOCKET_NAME, SOCKET_DIR, SOCKET_NAME, Job

Arguments = dict[str, Any]
GpuDriver = Literal["nvidia", "cdi"]

ENTRY = ("python", "-m", "adapters.runtime.entry", "--")
HOME = "/home/evaldock"
LABEL_IMAGE = "evaldock.image"
LABEL_RUN = "evaldock.run"
LABEL_JOB = "evaldock.job"
LABEL_OWNER = "evaldock.owner"
LABEL_LOCK = "evaldock.lock"

_USER = "evaldock"
_SCRATCH_SIZE = "8g"  # an upper bound; what is used counts against the job's memory
_CA = "/run/evaldock-ca.pem"


@dataclass(frozen=True)
class Container:
    """What the arguments need to know beyond the job itself.

    Attributes:
        image: id of the image.
        folder: the job's folder, with input/ and output/ in it.
        socket_dir: folder of the gateway's socket, or of the one that a server makes; None where there is neither.
        user: uid and gid.
        labels: run, job, owner and lock.
        gpu_driver: how this daemon hands out GPUs.
        ca, proxies: this host's way to the network, for jobs that have one.
    """

    image: str
    folder: Path
    user: tuple[int, int]
    labels: Mapping[str, str]
    socket_dir: Path | None = None
    gpu_driver: GpuDriver = "nvidia"
    ca: Path | None = None
    proxies: Mapping[str, str] | None = None


def container_arguments(job: Job, container: Container, *, entry: tuple[str, ...] = ENTRY) -> Arguments:
    """Return the keyword arguments of docker's `containers.create` for `job`."""
    return {
        "image": container.image,
        "entrypoint": list(entry),
        "command": list(job.command),
        "user": "{}:{}".format(*container.user),
        "environment": _environment(job, container),
        "labels": dict(container.labels),
        "working_dir": HOME,
        # The client's own proxy settings may hold a password.
        "use_config_proxy": False,
        **_isolation(job, container.user),
        **_limits(job),
        "mounts": _mounts(job, container),
        "device_requests": [_gpus(job.gpus, container.gpu_driver)] if job.gpus else [],
        # Bounded, but with room: a follower that falls behind loses its place when the daemon rotates the log.
        "log_config": {"type": "local", "config": {"max-size": "256m", "max-file": "2"}},
    }


def _isolation(job: Job, user: tuple[int, int]) -> Arguments:
    return {
        "network_mode": job.network,
        "read_only": True,
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges:true"],
        "init": True,
        "tmpfs": _scratch(user, executable=bool(job.gpus)),
    }


def _scratch(user: tuple[int, int], *, executable: bool) -> dict[str, str]:
    """Return the only writable places besides the output; kernels compiled on a GPU are loaded from there."""
    options = f"rw,{'exec' if executable else 'noexec'},nosuid,nodev,size={_SCRATCH_SIZE}"
    return {
        "/tmp": f"{options},mode=1777",  # noqa: S108 - inside the container
        HOME: f"{options},mode=0700,uid={user[0]},gid={user[1]}",
    }


def _limits(job: Job) -> Arguments:
    limits = job.limits
    arguments = {"pids_limit": limits.pids, "shm_size": limits.shm_bytes}
    if limits.memory_bytes is not None:
        # Equal limits: no swap.
        arguments |= {"mem_limit": limits.memory_bytes, "memswap_limit": limits.memory_bytes}
    return arguments


def _environment(job: Job, container: Container) -> dict[str, str]:
    environment = {
        "HOME": HOME,
        "USER": _USER,
        "LOGNAME": _USER,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    if job.network != "none":
        environment |= container.proxies or {}
        if container.ca:
            environment |= dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), _CA)
    environment |= {**job.env, **backstop(job)}
    if container.socket_dir and job.serves:
        environment["EVALDOCK_LISTEN"] = f"{SOCKET_DIR}/{SERVER_SOCKET_NAME}"
    elif container.socket_dir:
        environment["EVALDOCK_SOCKET"] = f"{SOCKET_DIR}/{SOCKET_NAME}"
    return environment


def _mounts(job: Job, container: Container) -> list[Arguments]:
    mounts = [
        _bind(container.folder / "input", INPUT, read_only=True),
        _bind(container.folder / "output", OUTPUT, read_only=False),
        *(_bind(mount.source, mount.target, read_only=mount.read_only) for mount in job.mounts),
    ]
    if container.socket_dir:
        # The folder, not the socket: a restarted gateway binds a new one.
        mounts.append(_bind(container.socket_dir, SOCKET_DIR, read_only=not job.serves))
    if container.ca and job.network != "none":
        mounts.append(_bind(container.ca, _CA, read_only=True))
    return mounts


def _bind(source: Path, target: str, *, read_only: bool) -> Arguments:
    return {"Type": "bind", "Source": str(source), "Target": target, "ReadOnly": read_only}


def _gpus(devices: tuple[str, ...], driver: GpuDriver) -> Arguments:
    if driver == "cdi":
        return {"driver": "cdi", "device_ids": [f"nvidia.com/gpu={device}" for device in devices]}
    return {"device_ids": list(devices), "capabilities": [["gpu"]]}
