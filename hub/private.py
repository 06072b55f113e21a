"""Private folders for sockets: short enough to bind in, and that nobody else can enter or put in our place."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from hub.errors import PrerequisiteError

MAX_PATH_BYTES = 107  # sockaddr_un.sun_path, less its final NUL


def require_short(socket: Path) -> None:
    """Refuse a path that no socket can have.

    Raises:
        PrerequisiteError: it is too long.
    """
    size = len(os.fsencode(socket))
    if size > MAX_PATH_BYTES:
        message = f"{str(socket)!r} has {size} bytes, a socket's path may have {MAX_PATH_BYTES}"
        raise PrerequisiteError(message, hint="set XDG_RUNTIME_DIR to a folder with a shorter name, such as /tmp")


def make_private(folder: Path) -> None:
    """Make a folder and those above it, where they are missing, with mode 0700.

    Raises:
        PrerequisiteError: it cannot be made.
    """
    try:
        for path in (*reversed(folder.parents), folder):
            if not path.exists():
                path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        message = f"the folder for sockets {str(folder)!r} cannot be made: {error.strerror}"
        raise PrerequisiteError(message, hint="set XDG_RUNTIME_DIR to a folder that you own") from error


def require_ours(folder: Path) -> None:
    """Refuse a folder that somebody else made, or a link that leads elsewhere: /tmp is open to all; close it.

    Raises:
        PrerequisiteError: it is not a folder, or not ours.
    """
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        kind = "is not a folder" if not stat.S_ISDIR(found.st_mode) else f"belongs to uid {found.st_uid}"
        message = f"{str(folder)!r} is for our sockets alone, but it {kind}"
        raise PrerequisiteError(message, hint="remove it, or set XDG_RUNTIME_DIR to a folder that you own")
    folder.chmod(0o700)
