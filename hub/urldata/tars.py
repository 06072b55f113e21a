"""The members of a tar file, compressed or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

from hub.urldata.members import Kind, Member, no_ordinary

if TYPE_CHECKING:
    from tarfile import TarFile, TarInfo


@contextmanager
def tar_members(path: Path) -> Iterator[Iterator[Member]]:
    """Yield the members one by one, as a tar has no list of them.

    Raises:
        TransferError: it holds what nobody should unpack.
    """
    import tarfile  # noqa: PLC0415 - 20 ms that a plan does not need

    with tarfile.open(path) as archive:
        yield (_member(archive, info) for info in archive)


def _member(archive: TarFile, info: TarInfo) -> Member:
    kind = _kind(info)
    return Member(info.name, kind, info.size, info.linkname, partial(_open, archive, info))


def _kind(info: TarInfo) -> Kind:
    if info.isreg():  # sparse files, too
        return "file"
    if info.isdir():
        return "folder"
    if info.issym() or info.islnk():
        return "symlink" if info.issym() else "hardlink"
    raise no_ordinary(info.name, "a device" if info.isdev() else "neither file nor folder nor link")


def _open(archive: TarFile, info: TarInfo) -> AbstractContextManager[IO[bytes]]:
    found = archive.extractfile(info)
    assert found is not None  # noqa: S101 - None for what is no file, and only files are opened
    return found
