"""Where a server of a run has its things: the private folder of its socket, and its folder in the run."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from hub.errors import PrerequisiteError
from hub.gateway.folders import run_folder
from hub.job import SERVER_SOCKET_NAME
from hub.private import make_private, require_ours, require_short
from hub.removal import remove_tree

FOLDER = "servers"
LOG = "log.txt"
_TAIL_BYTES = 64 << 10
_LONGEST_LINE = 300


def server_socket(runtime_dir: Path, run_id: str, number: int) -> Path:
    """Return where the server with this number in the plan listens: the same at every start of the run."""
    return run_folder(runtime_dir, run_id) / f"s{number}" / SERVER_SOCKET_NAME


def make_socket_dir(runtime_dir: Path, socket: Path, user: tuple[int, int]) -> Path:
    """Make the empty folder that the server's user makes its socket in, in place of what an earlier start left.

    Raises:
        PrerequisiteError: the name is too long for a socket, or a folder above is not ours.
    """
    folder = socket.parent
    require_short(socket)
    for above in (runtime_dir, folder.parent):
        make_private(above)
        require_ours(above)
    try:
        if folder.is_dir():
            remove_tree(folder)
        folder.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(folder, *user)
    except OSError as error:
        message = f"the folder for a server's socket {str(folder)!r} cannot be made: {error.strerror}"
        raise PrerequisiteError(message, hint="set XDG_RUNTIME_DIR to a folder that you own") from error
    return folder


def shelve(folder: Path) -> None:
    """Keep the log of an earlier start as log.1.txt and so on; forget how that start ended."""
    if (folder / LOG).is_file():
        number = next(number for number in range(1, 10_000) if not (folder / f"log.{number}.txt").exists())
        (folder / LOG).replace(folder / f"log.{number}.txt")
    for name in ("outcome.json", "handle.json"):
        (folder / name).unlink(missing_ok=True)


def last_line(folder: Path, telling: str = "") -> str:
    """Return the last line of a server's log that says something, shortened; empty where it printed nothing.

    Where one of the last lines matches `telling`, it is the last of those: some servers end with less than they know.
    """
    with suppress(OSError), (folder / LOG).open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
        told = [line for line in lines if telling and re.search(telling, line)]
        return (told or lines or [""])[-1][:_LONGEST_LINE]
    return ""
