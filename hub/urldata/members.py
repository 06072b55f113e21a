"""What is in an archive, and where it may go: names that lead out, links, devices and odd encodings. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import PurePosixPath
from typing import IO, Literal, NamedTuple

from hub.urldata.failure import TransferError

RESERVED = ".complete"

Kind = Literal["file", "folder", "symlink", "hardlink"]


class Member(NamedTuple):
    """One thing in an archive: `size` is what it announces; `target` is a link's; `open` reads a file."""

    name: str
    kind: Kind
    size: int
    target: str
    open: Callable[[], AbstractContextManager[IO[bytes]]]


def place_of(name: str, inside: str) -> PurePosixPath | None:
    """Return where a member goes below the folder that is unpacked into; None for what is not wanted, or the top.

    Args:
        name: as in the archive, with `/`.
        inside: the folder of the archive that becomes the top; empty for all of it.

    Raises:
        TransferError: the name is absolute, leads up, or is evaldock's own.
    """
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if name.startswith("/") or ".." in parts or "\0" in name:
        raise _unsafe(f"{name!r} leads out of it")
    top = [part for part in inside.split("/") if part not in {"", "."}]
    if parts[: len(top)] != top or parts == top:
        return None
    place = PurePosixPath(*parts[len(top) :])
    if place == PurePosixPath(RESERVED):
        raise _unsafe(f"{name!r} is a name that evaldock keeps for itself")
    return place


def check_symlink(place: PurePosixPath, target: str) -> None:
    """Look at a symbolic link as it is written.

    Raises:
        TransferError: it leads out of the folder that is unpacked into.
    """
    end = posixpath.normpath(posixpath.join(str(place.parent), target))
    if target.startswith("/") or end == ".." or end.startswith("../") or "\0" in target or not target:
        raise _unsafe(f"the link {str(place)!r} leads out of it: {target!r}")


def no_ordinary(name: str, what: str) -> TransferError:
    """Return the refusal of what is no file, folder or link."""
    return _unsafe(f"{name!r} is {what}")


def _unsafe(what: str) -> TransferError:
    return TransferError(f"the archive is unsafe: {what}")
