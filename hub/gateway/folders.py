"""Where a run's sockets and books lie: private folders that nobody else can enter or put in our place."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import socket
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from hub.errors import PrerequisiteError
from hub.gateway import reserve
from hub.gateway.config import Books
from hub.job import SOCKET_NAME
from hub.lockfile import is_held
from hub.private import make_private, require_ours, require_short
from hub.removal import remove_tree
from hub.unixsocket import opened

_RUN = re.compile(r"[0-9a-f]{8}")
_ANSWER_S = 1.0
_YOUNG_S = 60.0
_LOCK = ".lock"
_POLL_S = 0.1


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
        require_short(folder / SOCKET_NAME)
    for folder in (runtime_dir, run):
        make_private(folder)
        require_ours(folder)
    for folder in folders.values():
        make_private(folder)
        _take_back(folder)
    return folders


def make_books_folders(books: Books) -> None:
    """Make the private folders of the ledger and the answers.

    Raises:
        PrerequisiteError: one cannot be made or written.
    """
    for folder in sorted({file.parent for file in (books.ledger, books.answers) if file}):
        _make_books_folder(folder)


def _make_books_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"full?")
            reserve.hold(probe.fileno())
    except OSError as error:
        message = f"the folder for answers {str(folder)!r} cannot be written: {error.strerror}"
        raise PrerequisiteError(message, hint="set EVALDOCK_STATE to a folder on a local disk with room") from error


def is_served(path: Path) -> bool:
    """Return whether a process accepts connections at the socket; what a dead one left does not count."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_ANSWER_S)
        try:
            with opened(str(path)) as address:  # in a given folder a name may lead anywhere
                client.connect(address)
        except (TimeoutError, BlockingIOError):  # busy, so alive
            return True
        except OSError:
            return False
        return True


def is_free(sockets: Sequence[Path], patience_s: float) -> bool:
    """Return whether no process serves any of the sockets, at once or after waiting for its end."""
    until = time.monotonic() + patience_s
    while any(map(is_served, sockets)):
        if time.monotonic() >= until:
            return False
        time.sleep(_POLL_S)
    return True


def hold(folder: Path) -> IO[bytes]:
    """Keep a run's folder from being swept while the file is open: of a server that loads, no socket answers yet.

    Raises:
        OSError: it cannot be made.
    """
    file = (folder / _LOCK).open("wb")
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


def let_go(folder: Path, file: IO[bytes]) -> None:
    """Undo `hold`, and remove the folder where nothing else is in it."""
    file.close()
    with suppress(OSError):
        (folder / _LOCK).unlink()
        folder.rmdir()


def sweep_sockets(runtime_dir: Path) -> tuple[str, ...]:
    """Remove the folders of runs whose gateway is dead; return a line for each.

    A young folder is left: its gateway may be on its way.
    """
    found = sorted(runtime_dir.glob("*")) if runtime_dir.is_dir() else ()
    runs = (folder for folder in found if _RUN.fullmatch(folder.name))
    return tuple(f"removed the sockets in {folder}, whose hub is gone" for folder in runs if _sweep(folder))


def _sweep(folder: Path) -> bool:
    try:
        young = time.time() - folder.lstat().st_mtime < _YOUNG_S
        if young or is_held(folder / _LOCK) or any(map(is_served, folder.glob("*/*.sock"))):
            return False
        require_ours(folder)
        remove_tree(folder)
    except (OSError, PrerequisiteError):
        return False  # another hub was quicker, or it is not ours
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


def remove(path: Path, ours: os.stat_result) -> None:
    """Remove a socket of ours; in its place may be by now that of the gateway which took over."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    # The number of a file that was removed may be given to the next; so may its name.
    if (found.st_dev, found.st_ino, found.st_mtime_ns) == (ours.st_dev, ours.st_ino, ours.st_mtime_ns):
        path.unlink(missing_ok=True)


def give_to_job(path: Path, uid: int | None, gid: int | None) -> None:
    """Give the socket, then its folder, to the job's user: in a given folder a name may lead anywhere."""
    if os.geteuid() == 0:
        for place in (path, path.parent):
            os.chown(place, -1 if uid is None else uid, -1 if gid is None else gid, follow_symlinks=False)


def _take_back(folder: Path) -> None:
    """Own a folder that an earlier gateway of this run had given to its job."""
    if not folder.is_symlink() and os.geteuid() == 0:
        os.chown(folder, 0, 0, follow_symlinks=False)
    require_ours(folder)
