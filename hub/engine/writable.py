"""Whether evaldock can write its own folders: found out before a run, so that none starts in vain."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from hub.finding import Finding


def unwritable(folder: Path, variable: str, *, attempt: bool) -> tuple[Finding, ...]:
    """Return what is wrong with a folder that `variable` names; nothing where it can be written.

    Args:
        folder: one of the machine's folders in the settings.
        variable: the environment variable that would choose another.
        attempt: whether to make it and a file in it; else only what exists is looked at.
    """
    try:
        if attempt:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        else:
            _look(next(path for path in (folder, *folder.parents) if path.exists()))
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror}"
        return (Finding("missing", variable, message, f"set {variable} to a folder that you may write"),)
    return ()


def _look(path: Path) -> None:
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if not os.access(path, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
