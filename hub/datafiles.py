"""Which of the files that a data set reads a folder lacks: said before a job starts that would miss them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

from hub.text import count_of

_MOST_NAMED = 12  # one by one; more are counted folder by folder
_MOST_OF_A_FOLDER = 3


def lack_of(folder: Path, patterns: Iterable[str]) -> str:
    """Return what of `patterns`, paths below `folder` or globs of them, cannot be read; empty where all is there."""
    wanted = tuple(patterns)
    if wanted and not os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir raises where a folder above is closed to us
        return f"{folder} is no folder, and these files are read from one: {_few(wanted)}"
    names = _names(folder) if any(map(_is_glob, wanted)) else ()
    missing = [pattern for pattern in wanted if not _matches(folder, pattern, names)]
    if len(missing) == 1:
        return f"{folder / missing[0]} is missing"
    if missing:
        return f"{count_of(len(missing), 'file')} of {len(wanted)} are missing in {folder}: {_few(missing)}"
    closed = [name for name in wanted if not _is_glob(name) and not os.access(folder / name, os.R_OK)]
    return f"{folder / closed[0]} cannot be read: permission denied" if closed else ""


def _matches(folder: Path, pattern: str, names: Iterable[str]) -> bool:
    path = folder / pattern
    if os.path.isfile(path) or os.path.isdir(path):  # noqa: PTH112, PTH113 - as above
        return True
    return _is_glob(pattern) and any(fnmatch(name, pattern) for name in names)


def _is_glob(pattern: str) -> bool:
    return any(sign in pattern for sign in "*?[")


def _names(folder: Path) -> tuple[str, ...]:
    found = (Path(top, name) for top, _, names in os.walk(folder) for name in names)
    return tuple(path.relative_to(folder).as_posix() for path in found)


def _few(names: Iterable[str]) -> str:
    listed = list(names)
    if len(listed) <= _MOST_NAMED:
        return ", ".join(listed)
    folders: dict[str, list[str]] = {}
    for name in listed:
        folders.setdefault(name.rpartition("/")[0], []).append(name)
    return ", ".join(_few_of(folder, inside) for folder, inside in folders.items())


def _few_of(folder: str, names: list[str]) -> str:
    first = ", ".join(name.rpartition("/")[2] for name in names[:_MOST_OF_A_FOLDER])
    more = ", ..." if len(names) > _MOST_OF_A_FOLDER else ""
    return f"{len(names)} in {folder or '.'}/ ({first}{more})"
