"""Folders of ours: how much they hold, when they were used, and their removal, which never leaves its root."""

from __future__ import annotations

import fcntl
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from hub.errors import EvaldockError
from hub.removal import entries_below, remove_tree, remove_what_can_be

_TRASH = re.compile(r"\.evaldock-trash-[0-9a-f]{16}")


class Weight(NamedTuple):
    """Bytes on disk that a removal frees, and when a file was last read or written (seconds since the epoch)."""

    size: int
    used_at: float


def weigh(folder: Path) -> Weight:
    """Look at every file below `folder`; follows no link. A file with names elsewhere, too, frees nothing."""
    size, used_at = 0, folder.lstat().st_mtime
    links: dict[tuple[int, int], list[int]] = {}
    for entry in entries_below(folder):
        try:
            found = entry.stat(follow_symlinks=False)
        except OSError:
            continue  # gone since it was listed
        if not stat.S_ISREG(found.st_mode):
            continue
        used_at = max(used_at, found.st_mtime, found.st_atime)
        if found.st_nlink == 1:
            size += found.st_blocks * 512
        else:
            inside = links.setdefault((found.st_dev, found.st_ino), [0, found.st_nlink, found.st_blocks * 512])
            inside[0] += 1
    size += sum(weight for here, everywhere, weight in links.values() if here == everywhere)
    return Weight(size, used_at)


def ours(top: Path, root: Path) -> Iterator[Path]:
    """Yield the real folders in `top`, sorted; none where a link leads `top` out of `root`."""
    if not top.is_dir() or not _is_inside(top, root):
        return
    yield from sorted(path for path in top.iterdir() if path.is_dir() and not path.is_symlink())


def leads_out(top: Path, root: Path) -> str:
    """Return a note where `top` is a way out of `root`, else nothing."""
    if top.is_dir() and not _is_inside(top, root):
        return f"left alone: {top} leads to {top.resolve()}, outside {root}"
    return ""


def _is_inside(path: Path, root: Path) -> bool:
    return path.resolve().is_relative_to(root.resolve())


def remove_folder(folder: Path, root: Path) -> None:
    """Remove a folder: out of sight by one rename, then file by file. Links in it are removed, never followed.

    Raises:
        EvaldockError: it is a link, or not inside `root`.
        OSError: something in it cannot be removed; what is left of it is out of the way and goes with the next one.
    """
    if folder.is_symlink() or not _is_inside(folder.parent, root) or folder.resolve() == root.resolve():
        raise EvaldockError(f"{folder} is a link, or leads out of {root}")
    sweep(folder.parent)
    trash = folder.with_name(f".evaldock-trash-{secrets.token_hex(8)}")
    folder.rename(trash)
    try:
        remove_tree(trash)
    except OSError:
        if not folder.exists() and trash.exists():
            trash.rename(folder)  # what stays shall be seen by its name
        raise


def sweep(top: Path) -> None:
    """Remove what a removal that was killed has left in `top`."""
    for path in top.iterdir():
        if _TRASH.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
            remove_what_can_be(path)


@contextmanager
def alone(lock: Path, complaint: str) -> Iterator[None]:
    """Hold `lock`, where it exists, for the length of the block.

    Raises:
        EvaldockError: somebody else holds it; the message is `complaint`.
    """
    if not lock.is_file():
        yield
        return
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise EvaldockError(complaint) from error
        yield
