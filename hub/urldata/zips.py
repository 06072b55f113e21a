"""The members of a zip file."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hub.urldata.failure import TransferError
from hub.urldata.members import Kind, Member, no_ordinary

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

_UTF8, _ENCRYPTED = 0x800, 0x1
_LONGEST_LINK = 4096
_KINDS: dict[int, Kind] = {0: "file", stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "symlink"}


@contextmanager
def zip_members(path: Path) -> Iterator[list[Member]]:
    """Yield the members; every file that is read to its end has its CRC compared.

    Raises:
        TransferError: it holds what nobody can or should read.
    """
    from zipfile import ZipFile  # noqa: PLC0415 - 20 ms that a plan does not need

    with ZipFile(path) as archive:
        yield [_member(archive, info) for info in archive.infolist()]


def _member(archive: ZipFile, info: ZipInfo) -> Member:
    name = _name(info)
    if info.flag_bits & _ENCRYPTED:
        raise TransferError(f"the archive is encrypted: {name!r}")
    kind: Kind | None = "folder" if name.endswith("/") else _KINDS.get(stat.S_IFMT(info.external_attr >> 16))
    if kind is None:
        raise no_ordinary(name, "neither file nor folder nor link")
    target = ""
    if kind == "symlink":
        with archive.open(info) as file:
            target = file.read(_LONGEST_LINK).decode("utf-8", "surrogateescape")
    return Member(name, kind, info.file_size, target, partial(archive.open, info))


def _name(info: ZipInfo) -> str:
    """Return a member's name; many tools write UTF-8 without saying so, and some Windows ones a backslash."""
    name = info.filename
    if not info.flag_bits & _UTF8:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = info.filename
    return name.replace("\\", "/")
