"""Room on the disk that is kept for the last rows: a disk that is full still takes what has happened by then."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO

# Each commit of a row writes one to three pages of 4 KiB; a hundred calls or so are under way when the disk is full.
RESERVE_BYTES = 4 << 20
_NEXT_TO_NOTHING = 64 << 10
_CANNOT = frozenset({errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS})


class Reserve:
    """A file without a name, so that nothing of it is left when its process dies."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._file: IO[bytes] | None = None

    @property
    def is_held(self) -> bool:
        """Return whether it takes its room."""
        return self._file is not None

    def take(self, folder: Path) -> None:
        """Take the room on the disk of `folder`.

        Raises:
            OSError: there is not so much, or nothing may be written there.
        """
        file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by give_back
        try:
            hold(file.fileno())
        except OSError:
            file.close()
            raise
        self._file = file

    def give_back(self) -> None:
        """Leave the room to whoever writes now."""
        if self._file is not None:
            self._file.close()
            self._file = None


def hold(file: int) -> None:
    """Have the disk keep room for an open file; one that cannot is left as it is.

    Raises:
        OSError: there is not so much.
    """
    try:
        os.posix_fallocate(file, 0, RESERVE_BYTES)
    except OSError as error:
        if error.errno not in _CANNOT:
            raise


def shortage(file: Path, error: Exception, free: int) -> str:
    """Return why `file` could not be written, and what to do where its disk, with so many bytes free, is full.

    SQLite calls it an I/O error, too, where it is one of its files beside this one that finds no room.
    """
    if "disk is full" not in str(error) and free > _NEXT_TO_NOTHING:
        return f"{file}: {error}"
    mend = "make room there, or move what EVALDOCK_STATE names to a larger disk"
    return f"the disk is full: nothing more can be kept in {file.parent}; {mend}"


def told(file: Path, error: Exception) -> str:
    """Return the same of a file on this machine."""
    free = _NEXT_TO_NOTHING + 1
    with suppress(OSError):
        space = os.statvfs(file.parent)
        free = space.f_bavail * space.f_frsize
    return shortage(file, error, free)
