"""The members of a tar file, compressed or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

from hub.urldata.failure import DamagedError
from hub.urldata.members import Kind, Member, no_ordinary

if TYPE_CHECKING:
    from tarfile import TarFile, TarInfo

_PIECE = 1 << 20
_MOST_PADDING = 64 << 20


@contextmanager
def tar_members(path: Path) -> Iterator[Iterator[Member]]:
    """Yield the members one by one, as a tar has no list of them; whoever takes the last knows that it was whole.

    Raises:
        TransferError: it holds what nobody should unpack.
    """
    import tarfile  # noqa: PLC0415 - 20 ms that a plan does not need

    with tarfile.open(path) as archive:
        archive.tarinfo = _strict()
        yield _members(archive)


def _strict() -> type[TarInfo]:
    """Return a reader of headers to which a wrong one is an error: to Python's own it is the end of the archive."""
    import tarfile  # noqa: PLC0415 - as above

    class Strict(tarfile.TarInfo):
        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Strict:
            try:
                return super().frombuf(buf, encoding, errors)
            except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
                raise
            except tarfile.HeaderError as error:
                raise tarfile.ReadError(str(error)) from error

    return Strict


def _members(archive: TarFile) -> Iterator[Member]:
    for info in archive:
        yield Member(info.name, _kind(info), info.size, info.linkname, partial(_open, archive, info))
    # gzip and its like compare their checksums behind the last byte, which lies behind the end of the tar.
    read = 0
    while archive.fileobj and (piece := archive.fileobj.read(_PIECE)):
        read += len(piece)
        if read > _MOST_PADDING:
            raise DamagedError("the archive goes on behind its end")


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
