"""A job's surroundings without mounts: the tree under EVALDOCK_ROOT, its environment, its temporary folder.

Links stand for mounts, so read-only is a promise here, not a wall; the isolation `none` or `namespace` says so.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import tempfile
from collections.abc import Mapping
from pathlib import Path

from hub.engine import Placement
from hub.engine.backstop import backstop
from hub.errors import EngineError
from hub.job import INPUT, OUTPUT, SERVER_SOCKET_NAME, SOCKET_NAME, Job
from hub.removal import remove_what_can_be

_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
# What a job with a network (one that fetches) needs of the host to get through its proxy and its certificates.
_NETWORK_VARIABLES = (
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
)
# Some hosts (Kubernetes nodes, WSL) have the driver's libraries where only these say.
_GPU_VARIABLES = ("LD_LIBRARY_PATH", "NVIDIA_VISIBLE_DEVICES", "NVIDIA_DRIVER_CAPABILITIES")


def root_of(folder: Path) -> Path:
    """Return the job's EVALDOCK_ROOT."""
    return folder / "root"


def temporary_of(folder: Path) -> Path:
    """Return the job's TMPDIR: short, for programs bind sockets in it (107 bytes), and on the local disk."""
    mark = hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"evaldock-job-{os.getuid()}-{mark}"


def plant(job: Job, place: Placement) -> None:
    """Make the tree: links for input, output and mounts, a home and a temporary folder.

    Raises:
        EngineError: the source of a mount is missing, or the tree cannot be made.
    """
    clear(place.folder)
    links = {INPUT: place.folder / "input", OUTPUT: place.folder / "output"}
    links.update({mount.target: mount.source for mount in job.mounts})
    root = root_of(place.folder)
    try:
        temporary_of(place.folder).mkdir(mode=0o700)
        (root / "home").mkdir(mode=0o700, parents=True)
        for target, source in sorted(links.items()):
            _link(root, target, source.absolute())
    except OSError as error:
        raise EngineError(f"job {job.id!r}: cannot make {error.filename}: {error.strerror}") from error


def _link(root: Path, target: str, source: Path) -> None:
    if not source.exists():
        message = f"{source} is missing; the job would see it as {target}"
        raise EngineError(message, hint="it was there when the run was checked; run again")
    link = root / target.lstrip("/")
    if any(parent.is_symlink() for parent in link.parents if parent.is_relative_to(root)):
        raise EngineError(f"mount {target!r} lies inside another mount, which the venv engine cannot do")
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(source)


def clear(folder: Path) -> None:
    """Remove the tree and the temporary folder, whatever the job did to their permissions."""
    for path in (root_of(folder), temporary_of(folder)):
        if path.is_symlink():
            path.unlink()
        elif path.exists():
            remove_what_can_be(path)


def job_environment(
    job: Job, place: Placement, environment: Path, payload: Path, host: Mapping[str, str]
) -> dict[str, str]:
    """Return every variable that the job sees; of the host's, only what a network or a GPU cannot do without."""
    name = _user_name()
    env = {
        "PATH": f"{environment / 'bin'}:{_SYSTEM_PATH}",
        "LANG": "C.UTF-8",
        "HOME": str(root_of(place.folder) / "home"),
        "USER": name,
        "LOGNAME": name,
        "TMPDIR": str(temporary_of(place.folder)),
        "PYTHONPATH": str(payload),
        "PYTHONNOUSERSITE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "CUDA_VISIBLE_DEVICES": ",".join(job.gpus),
    }
    if job.gpus:
        env["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # nvidia-smi's numbers are ours; CUDA's own begin with the fastest
    kept = (*(_NETWORK_VARIABLES if job.network != "none" else ()), *(_GPU_VARIABLES if job.gpus else ()))
    env.update({key: host[key] for key in kept if key in host})
    env.update(job.env)
    env.update(backstop(job))
    env["EVALDOCK_ROOT"] = str(root_of(place.folder))
    if job.gateway and place.socket_dir is not None:
        env["EVALDOCK_SOCKET"] = str(place.socket_dir / SOCKET_NAME)
    if job.serves and place.socket_dir is not None:
        env["EVALDOCK_LISTEN"] = str(place.socket_dir / SERVER_SOCKET_NAME)
    return env


def kept_of_run(job: Job, place: Placement, needed: tuple[Path, ...]) -> str | None:
    """Return the one folder that the job needs should /run be hidden; None where it needs more of it than that."""
    paths = (*needed, place.folder, temporary_of(place.folder), *(mount.source for mount in job.mounts))
    if any(path.resolve().is_relative_to("/run") for path in paths):
        return None
    return str((place.socket_dir or place.folder).resolve())


def strays_of(folder: Path) -> str:
    """Return the entry in the environment of every process of a job, by which strays are found."""
    return f"EVALDOCK_ROOT={root_of(folder)}"


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return "evaldock"  # some programs insist on a name, and containers have users without one
