"""Start evaldock in the hub's container as the owner of the folder that runs go to: what a run leaves is theirs."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

_SOCKETS = Path("/tmp/evaldock-compose")  # noqa: S108 - mounted at the same path; checked below


def main() -> None:
    """Give up root for the owner of the checkout, then become evaldock."""
    checkout = Path.cwd()
    owner = next(path for path in (checkout / "runs", checkout) if path.is_dir()).stat()
    sockets = _private_folder(owner.st_uid, owner.st_gid)
    if os.getuid() == 0 and owner.st_uid != 0:
        os.setgroups(_docker_groups())
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
    os.umask(0o022)
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(sockets), "PYTHONPATH": str(checkout)}
    command = [sys.executable, "-c", "import sys; from hub.cli import main; sys.exit(main())", *sys.argv[1:]]
    os.execve(sys.executable, command, environment)  # noqa: S606 - the arguments of this container


def _private_folder(uid: int, gid: int) -> Path:
    """Return a folder for sockets that only `uid` may enter, at a path that the host has, too."""
    if not _SOCKETS.is_dir():
        sys.exit(f"{_SOCKETS} is not mounted: start this container with compose.yaml")
    found = _SOCKETS.stat()
    if found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        sys.exit(
            f"{_SOCKETS} belongs to somebody else, or others may write there: remove it, as root, and start again"
        )
    folder = _SOCKETS / str(uid)
    folder.mkdir(mode=0o700, exist_ok=True)
    os.chown(folder, uid, gid)
    return folder


def _docker_groups() -> list[int]:
    """Return the group that may use the Docker socket; none where Docker is reached in another way."""
    where = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    socket = Path(where.removeprefix("unix://"))
    return [socket.stat().st_gid] if where.startswith("unix://") and socket.exists() else []


if __name__ == "__main__":
    main()
