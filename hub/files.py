"""Files at a border: written so that a reader never sees half of one, read without trusting who wrote them."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import BinaryIO


def write_atomic(path: Path, text: str) -> None:
    """Replace `path` with `text` (UTF-8) in one step, durable before it is visible."""
    # Not tempfile's: its files are 0600, and the umask that they should have cannot be read without setting it.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def open_untrusted(path: Path) -> BinaryIO:
    """Open a file that a job wrote: neither a link (it may lead anywhere) nor a pipe (it may block for ever).

    Raises:
        OSError: it is absent, or no plain file.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(f"{path} is no plain file")
    return os.fdopen(handle, "rb")


def odd_file(folder: Path) -> Path | None:
    """Return the first thing below `folder` that is neither file nor folder nor a link that stays inside."""
    top = folder.resolve()
    for path in folder.rglob("*"):
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            if not path.resolve().is_relative_to(top):
                return path
        elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            return path
    return None
