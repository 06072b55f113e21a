"""A downloaded folder against the hub's listing: each file whole and right, and nothing besides."""

from __future__ import annotations

import hashlib
import re
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

from adapters.runtime.hubs import File

_CHUNK = 8 << 20
# huggingface_hub 1 and later give the file of each attempt a name of its own, and cannot continue it.
_ORPHAN = re.compile(r".+\.[0-9a-f]{8}\.incomplete")


class SnapshotError(Exception):
    """The folder is not what the hub lists."""


class EmptyError(Exception):
    """The hub lists no file that is wanted."""


def check(wanted: Mapping[str, File], folder: Path) -> None:
    """Compare every file with its listing and remove all others: the clients' notes, leftovers of an older state.

    Raises:
        SnapshotError: names the files that are missing or wrong; the wrong ones are removed, to be fetched again.
    """
    wrong = [path for path, file in sorted(wanted.items()) if not _is_right(folder / path, file)]
    for path in wrong:
        (folder / path).unlink(missing_ok=True)
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise SnapshotError(f"missing or damaged after the download: {', '.join(wrong[:3])}{more}")
    _remove_others(set(wanted), folder)


def clear_orphans(folder: Path) -> None:
    """Remove files that a killed download left and that no client continues; they may be as big as the model."""
    for path in (folder / ".cache" / "huggingface").rglob("*.incomplete"):
        if _ORPHAN.fullmatch(path.name):
            path.unlink()


def size_of(folder: Path) -> int:
    """Return the bytes of all files."""
    return sum(_size(path) for path in folder.rglob("*"))


def _size(path: Path) -> int:
    try:
        found = path.lstat()
    except OSError:
        return 0  # renamed since it was listed
    return found.st_size if stat.S_ISREG(found.st_mode) else 0


def _is_right(path: Path, file: File) -> bool:
    if not path.is_file() or (file.size is not None and path.stat().st_size != file.size):
        return False
    if file.sha256:
        return _digest(path, hashlib.sha256()) == file.sha256
    if file.blob:
        header = f"blob {path.stat().st_size}\0".encode()
        return _digest(path, hashlib.sha1(header, usedforsecurity=False)) == file.blob
    return True


def _digest(path: Path, digest: hashlib._Hash) -> str:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _remove_others(wanted: set[str], folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        name = path.relative_to(folder).as_posix()
        if path.is_dir() and not path.is_symlink():
            if not any(other.startswith(f"{name}/") for other in wanted):
                shutil.rmtree(path)
        elif name not in wanted:
            path.unlink()
