"""Where a server of a run has its things: the private folder of its socket, and its folder in the run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hub.engine import Isolation
from hub.errors import PrerequisiteError
from hub.gateway.folders import hold, let_go, run_folder
from hub.job import SERVER_SOCKET_NAME
from hub.private import make_private, require_ours, require_short
from hub.removal import remove_tree, remove_what_can_be
from hub.settings import Settings

FOLDER = "servers"
LOG = "log.txt"
_TAIL_BYTES = 64 << 10
_LONGEST_LINE = 300
_OURS = "evaldock: "  # what adapters.runtime.entry says, and only of an end that it makes


def sockets_dir(settings: Settings, isolation: Isolation) -> Path:
    """Return the folder for sockets of servers.

    A server may write where it makes its socket. A container can write nowhere else but its output, on the disk; and
    XDG_RUNTIME_DIR is memory of the host, which nothing would keep it from filling. Elsewhere its path must be short.
    """
    return disk_sockets(settings) if isolation == "container" else settings.runtime_dir


def disk_sockets(settings: Settings) -> Path:
    """Return the folder for sockets of servers in containers."""
    return settings.state_dir / "sockets"


def server_socket(sockets: Path, run_id: str, number: int) -> Path:
    """Return where the server with this number in the plan listens: the same at every start of the run."""
    return run_folder(sockets, run_id) / f"s{number}" / SERVER_SOCKET_NAME


def make_socket_dir(sockets: Path, socket: Path, user: tuple[int, int], isolation: Isolation) -> Path:
    """Make the empty folder that the server's user makes its socket in, in place of what an earlier start left.

    Raises:
        PrerequisiteError: the name is too long for a socket, or a folder above is not ours.
    """
    folder = socket.parent
    if isolation != "container":  # there it has another name
        require_short(socket)
    for above in (sockets, folder.parent):
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
        mend = "EVALDOCK_STATE" if isolation == "container" else "XDG_RUNTIME_DIR"
        raise PrerequisiteError(message, hint=f"set {mend} to a folder that you own") from error
    return folder


@contextmanager
def held_sockets(sockets: Path, run_id: str, count: int) -> Iterator[None]:
    """Hold the place of a run's sockets for the length of the block; then its servers have ended, and it is removed.

    Raises:
        PrerequisiteError: it cannot be made, or is not ours.
    """
    folder = run_folder(sockets, run_id)
    for place in (sockets, folder):
        make_private(place)
        require_ours(place)
    file = hold(folder)
    try:
        yield
    finally:
        for number in range(count):
            remove_what_can_be(server_socket(sockets, run_id, number).parent)
        let_go(folder, file)


def shelve(folder: Path) -> None:
    """Keep the log of an earlier start as log.1.txt and so on; forget how that start ended."""
    if (folder / LOG).is_file():
        number = next(number for number in range(1, 10_000) if not (folder / f"log.{number}.txt").exists())
        (folder / LOG).replace(folder / f"log.{number}.txt")
    for name in ("outcome.json", "handle.json"):
        (folder / name).unlink(missing_ok=True)


def last_line(folder: Path, telling: str = "") -> str:
    """Return the last line of a server's log that says something, shortened; empty where it printed nothing.

    Where one of the last lines is of our own entry, or matches `telling`, it is the last of those: some servers end
    with less than they know, and one that is ended complains.
    """
    with suppress(OSError), (folder / LOG).open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
        lines = [line.strip() for line in file.read().decode(errors="replace").splitlines() if line.strip()]
        ours = [line for line in lines if line.startswith(_OURS)]
        told = [line for line in lines if telling and re.search(telling, line)]
        return (ours or told or lines or [""])[-1][:_LONGEST_LINE]
    return ""
