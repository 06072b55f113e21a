"""Unpack an archive into a folder: nothing outside of it, no more than it may hold, and all or nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from hub.adapter import Unpack
from hub.text import count_of, show_size
from hub.urldata.failure import DamagedError, TransferError
from hub.urldata.members import Member, check_symlink, no_ordinary, place_of
from hub.urldata.meter import Meter, Tell
from hub.urldata.tars import tar_members
from hub.urldata.zips import zip_members

_PIECE = 1 << 20
_RESERVE_BYTES = 100_000_000
_MOST_FILES = 1_000_000
# Text rarely shrinks to less than a fiftieth; what claims to grow much more than that is made to fill disks.
_MOST_RATIO = 200
_SMALL_BYTES = 1_000_000_000
_SLACK = 2


class Unpacked(NamedTuple):
    """What came out: files, and their bytes."""

    files: int
    size: int


def most_bytes(archive_bytes: int, stated: int | None) -> int:
    """Return what an archive may take unpacked; `stated` is what its adapter says that it takes."""
    if stated is not None:
        return max(_SLACK * stated, archive_bytes)
    return max(_SMALL_BYTES, _MOST_RATIO * archive_bytes)


class Unpacking:
    """One unpacking into `top`, which the caller removes where it does not come to its end."""

    def __init__(self, top: Path, most: int, tell: Tell) -> None:
        """Make the folder; `most` is what all of it may take."""
        top.mkdir()
        self._top = top
        self._most = most
        self._meter = Meter(lambda line: tell(f"unpacking: {line}"), 0, None)
        self._files: set[PurePosixPath] = set()
        self._links: dict[PurePosixPath, str] = {}
        self._bytes = 0

    def run(self, archive: Path, kind: Unpack, inside: str) -> Unpacked:
        """Unpack; the files are readable for everybody, executable for nobody.

        Raises:
            DamagedError: the archive is not whole.
            TransferError: it is unsafe, has no folder `inside`, or takes too much.
            OSError: the disk takes no more.
        """
        self._take_all(archive, kind, inside, PurePosixPath())
        if not self._files:
            where = f"folder {inside!r} with files in it" if inside else "file"
            raise TransferError(f"the archive has no {where}")
        if kind == "zips":
            for place in sorted(place for place in self._files if place.suffix.lower() == ".zip"):
                self._take_all(self._top / place, "zip", "", place.parent)
                self._bytes -= (self._top / place).stat().st_size
                (self._top / place).unlink()
                self._files.discard(place)
        for folder, _, _ in os.walk(self._top):
            Path(folder).chmod(0o755)  # whatever the umask, as below
        return Unpacked(len(self._files), self._bytes)

    def _take_all(self, archive: Path, kind: Unpack, inside: str, below: PurePosixPath) -> None:
        links = []
        with _readable(), tar_members(archive) if kind == "tar" else zip_members(archive) as members:
            if isinstance(members, list):
                self._check_announced(members, inside)
            for member in members:
                place = place_of(member.name, inside)
                if place is None:
                    continue
                if member.kind == "symlink":
                    check_symlink(below / place, member.target)
                    links.append((below / place, member.target))
                else:
                    self._take(member, below / place, inside)
        # Last, so that nothing is written through one; and looked at again, for one may turn where another leads.
        for place, target in links:
            self._link(place, target)
        for place, target in self._links.items():
            self._check_link(place, target)

    def _check_announced(self, members: Iterable[Member], inside: str) -> None:
        wanted = [member.size for member in members if place_of(member.name, inside) is not None]
        self._check(sum(wanted))
        if len(wanted) > _MOST_FILES:
            raise TransferError(f"the archive holds {len(wanted)} files: more than {_MOST_FILES}")

    def _check(self, coming: int) -> None:
        """Look whether so many bytes more are not too many.

        Raises:
            TransferError: for this archive, or for the disk.
        """
        if self._bytes + coming > self._most:
            reason = f"the archive unpacks to more than {show_size(self._most)}, too much for one of its size"
            raise TransferError(f"{reason}: it may be made to fill disks")
        free = shutil.disk_usage(self._top).free
        if coming + _RESERVE_BYTES > free:
            reason = f"{show_size(coming)} are to be unpacked, and {show_size(free)} are free at {self._top.parent}"
            raise TransferError(reason, "make room (`evaldock clean` shows what can go), or set EVALDOCK_CACHE")

    def _take(self, member: Member, place: PurePosixPath, inside: str) -> None:
        self._check_way(place)
        with _clash(place):
            if member.kind == "folder":
                (self._top / place).mkdir(parents=True, exist_ok=True)
                return
            (self._top / place).parent.mkdir(parents=True, exist_ok=True)
            if member.kind == "hardlink":
                self._same(member, place, inside)
            else:
                self._write(member, place)
        self._files.add(place)
        if len(self._files) > _MOST_FILES:
            raise TransferError(f"the archive holds more than {count_of(_MOST_FILES, 'file')}")

    def _same(self, member: Member, place: PurePosixPath, inside: str) -> None:
        """Make a hard link to a file that this archive had before."""
        first = place_of(member.target, inside)
        if first not in self._files or first == place:
            raise no_ordinary(member.name, f"a link to {member.target!r}, which is no file before it")
        (self._top / place).unlink(missing_ok=True)
        os.link(self._top / first, self._top / place)

    def _write(self, member: Member, place: PurePosixPath) -> None:
        self._check(member.size)
        path = self._top / place
        path.unlink(missing_ok=True)  # the last of a name counts, and a hard link is not written through
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with os.fdopen(handle, "wb") as file, member.open() as source:
            os.fchmod(handle, 0o644)  # whatever the umask: jobs of other users read it
            while piece := source.read(_PIECE):
                self._bytes += len(piece)
                self._check(0)
                file.write(piece)
                self._meter.add(len(piece))

    def _link(self, place: PurePosixPath, target: str) -> None:
        path = self._top / place
        self._check_way(place)
        with _clash(place):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(target)
        self._check_link(place, target)
        self._links[place] = target
        self._files.add(place)

    def _check_way(self, place: PurePosixPath) -> None:
        """Look whether a link lies on the way to `place`."""
        if not self._links.keys().isdisjoint(place.parents):
            raise no_ordinary(str(place), "below a link")

    def _check_link(self, place: PurePosixPath, target: str) -> None:
        if not _is_inside(self._top / place, self._top):
            raise no_ordinary(str(place), f"a link that leads out of it: {target!r}")


def _is_inside(path: Path, top: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(top))


@contextmanager
def _readable() -> Iterator[None]:
    """Turn what Python's readers raise at a broken archive into our failure."""
    import lzma  # noqa: PLC0415 - 20 ms that a plan does not need
    import struct  # noqa: PLC0415
    import tarfile  # noqa: PLC0415
    import zipfile  # noqa: PLC0415
    import zlib  # noqa: PLC0415

    broken = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError)
    try:
        yield
    except NotImplementedError as error:
        raise TransferError(f"the archive is packed in a way that Python cannot read: {error}") from error
    except broken as error:
        raise DamagedError(f"the archive is damaged, or none at all: {error}") from error
    except OSError as error:
        if error.errno is not None:  # a disk's; the readers of gzip and bzip2 give theirs no number
            raise
        raise DamagedError(f"the archive is damaged: {error}") from error


@contextmanager
def _clash(place: PurePosixPath) -> Iterator[None]:
    try:
        yield
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise TransferError(f"the archive holds {str(place)!r} twice, as a file and as a folder") from error
