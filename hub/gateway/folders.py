"""Where a run's sockets lie: private folders that nobody else can enter or put in our place."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
from collections.abc import Sequence
from pathlib import Path

from hub.errors import PrerequisiteError
from hub.job import SOCKET_NAME

MAX_PATH_BYTES = 107  # sockaddr_un.sun_path, less its final NUL


def run_folder(runtime_dir: Path, run_id: str) -> Path:
    """Return the folder of a run: the same for every hub that holds it; jobs have it mounted."""
    return runtime_dir / hashlib.sha256(run_id.encode()).hexdigest()[:8]


def make_socket_dirs(runtime_dir: Path, run_id: str, job_ids: Sequence[str]) -> dict[str, Path]:
    """Make a private folder for each job and return them by job.

    Raises:
        PrerequisiteError: the folder's name is too long for a socket, or is not ours.
    """
    run = run_folder(runtime_dir, run_id)
    folders = {job_id: run / str(number) for number, job_id in enumerate(job_ids)}
    for folder in folders.values():
        _require_short(folder / SOCKET_NAME)
    for folder in (runtime_dir, run):
        _make_private(folder)
        _require_ours(folder)
    for folder in folders.values():
        _make_private(folder)
        _take_back(folder)
    return folders


def is_served(path: Path) -> bool:
    """Return whether a process accepts connections at the socket; what a dead one left does not count."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
        return True


def listen(path: Path) -> socket.socket:
    """Return a listening socket at `path` with mode 0600, in place of one that a dead gateway left."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(before)
    listener.listen(1024)
    return listener


def give_to_job(path: Path, uid: int | None, gid: int | None) -> None:
    """Give the socket, then its folder, to the job's user: in a given folder a name may lead anywhere."""
    if os.geteuid() == 0:
        for place in (path, path.parent):
            os.chown(place, -1 if uid is None else uid, -1 if gid is None else gid, follow_symlinks=False)


def _require_short(path: Path) -> None:
    size = len(os.fsencode(path))
    if size > MAX_PATH_BYTES:
        message = f"{str(path)!r} has {size} bytes, a socket's path may have {MAX_PATH_BYTES}"
        raise PrerequisiteError(message, hint="set XDG_RUNTIME_DIR to a folder with a shorter name, such as /tmp")


def _make_private(folder: Path) -> None:
    try:
        for path in (*reversed(folder.parents), folder):
            if not path.exists():
                path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        message = f"the folder for sockets {str(folder)!r} cannot be made: {error.strerror}"
        raise PrerequisiteError(message, hint="set XDG_RUNTIME_DIR to a folder that you own") from error


def _require_ours(folder: Path) -> None:
    """Refuse a folder that somebody else made, or a link that leads elsewhere: /tmp is open to all."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        kind = "is not a folder" if not stat.S_ISDIR(found.st_mode) else f"belongs to uid {found.st_uid}"
        message = f"{str(folder)!r} is for our sockets alone, but it {kind}"
        raise PrerequisiteError(message, hint="remove it, or set XDG_RUNTIME_DIR to a folder that you own")
    folder.chmod(0o700)


def _take_back(folder: Path) -> None:
    """Own a folder that an earlier gateway of this run had given to its job."""
    if not folder.is_symlink() and os.geteuid() == 0:
        os.chown(folder, 0, 0, follow_symlinks=False)
    _require_ours(folder)
