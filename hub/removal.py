"""Removal of a folder that somebody else may have filled, however deep, and the look at all that is in it."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def remove_tree(folder: Path) -> None:
    """Remove a folder with all that is in it, however deep; links in it are removed, never followed.

    Raises:
        OSError: something cannot be removed (all else is, then), or `folder` is no folder.
    """
    try:
        shutil.rmtree(folder)  # it names what it cannot remove by its whole path, and descends by recursion
    except RecursionError:
        _flatten(folder)
    except OSError as error:
        try:
            _flatten(folder)
        except OSError:
            raise error from None


def _flatten(folder: Path) -> None:
    """Remove a folder by moving up what lies deeper: no depth is too deep, no path too long; closed ones are opened.

    Raises:
        OSError: as `remove_tree`.
    """
    _unlock(folder)
    failures: list[OSError] = []
    top = os.open(folder, os.O_RDONLY | _FOLDER)
    try:
        left = list(_emptied(top, top, failures))
        while left:
            with _noting(failures):
                left.extend(_removed(left.pop(), top, failures))
    finally:
        os.close(top)
    if failures:
        raise failures[0]
    folder.rmdir()


def remove_what_can_be(folder: Path) -> None:
    """Remove a folder as far as that can be done; one that is not there is fine."""
    with suppress(OSError):
        remove_tree(folder)


def entries_below(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield all that is in a folder, without recursion; no link is followed, and what cannot be read is left out."""
    left = [os.fspath(folder)]
    while left:
        try:
            with os.scandir(left.pop()) as found:
                entries = list(found)
        except OSError:
            continue
        left += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        yield from entries


@contextmanager
def _noting(failures: list[OSError]) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        failures.append(error)


def _removed(name: str, top: int, failures: list[OSError]) -> list[str]:
    """Remove a folder at the top; return the names of those in it, which are at the top now."""
    place = os.open(name, os.O_RDONLY | _FOLDER, dir_fd=top)
    try:
        below = list(_emptied(place, top, failures))
    finally:
        os.close(place)
    with _noting(failures):
        os.rmdir(name, dir_fd=top)
    return below


def _emptied(place: int, top: int, failures: list[OSError]) -> Iterator[str]:
    """Remove the files in a folder and move its folders to the top; yield the names that they have there."""
    with os.scandir(place) as found:
        entries = list(found)
    for entry in entries:
        with _noting(failures):
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.name, dir_fd=place)
                continue
            _unlock(entry.name, place)  # to be moved, too, it must be open
            name = entry.name if place == top else secrets.token_hex(16)
            if place != top:
                os.rename(entry.name, name, src_dir_fd=place, dst_dir_fd=top)
            yield name


def _unlock(folder: str | Path, place: int | None = None) -> None:
    """Open a folder that is closed to its owner; one of somebody else's stays as it is."""
    handle = os.open(folder, os.O_PATH | _FOLDER, dir_fd=place)
    try:
        if os.fstat(handle).st_mode & stat.S_IRWXU != stat.S_IRWXU:
            with suppress(PermissionError):
                os.chmod(f"/proc/self/fd/{handle}", stat.S_IRWXU)  # noqa: PTH101 - the folder itself, by no name
    finally:
        os.close(handle)
