"""A user's own data: told apart by a fingerprint, since their content may change under one and the same path."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from hub.adapter import Asset
from hub.difference import Difference
from hub.images import digest_of
from hub.plan import Plan
from hub.runs import RunRecord
from hub.text import count_of, show_size

_READ_BYTES = 64 << 20  # so much is read in a tenth of a second; of more, sizes and times must do
_CHUNK = 1 << 20
_RUN = "run.json"  # in a run folder, which may lie among the data and changes all the time

OwnData = dict[str, dict[str, str]]


class _File(NamedTuple):
    name: str
    path: str
    size: int
    changed_ns: int


def own_data(plan: Plan) -> OwnData:
    """Return, job by job, the fingerprints of the user's own data, by where the job sees them."""
    once = lru_cache(maxsize=None)(_of_asset)
    return {planned.id: {asset.target: once(asset) for asset in _own(planned.assets)} for planned in plan.jobs}


def changed_data(record: RunRecord, plan: Plan, now: OwnData) -> tuple[Difference, ...]:
    """Return what of the user's own data is not as it was; what is not known of both times is not compared."""
    return tuple(
        Difference(planned.id, f"content of {asset.location}", old, new)
        for planned in plan.jobs
        if (job := record.job(planned.id))
        for asset in _own(planned.assets)
        if (old := job.data.get(asset.target)) and (new := now[planned.id][asset.target]) and old != new
    )


def fingerprint(place: Path, patterns: Iterable[str] = ()) -> str:
    """Return what `2 files, 12 kB, sha256:0123456789abcdef` are; empty where they cannot be read.

    Up to 64 MiB in all the content counts, above that names, sizes and times of change. In a folder, hidden files and
    run folders do not count; with `patterns`, paths or globs, only what they name.
    """
    wanted = tuple(patterns)
    try:
        files = sorted(file for file in _files(place) if not wanted or _is_named(file.name, wanted))
        size = sum(file.size for file in files)
        by_content = size <= _READ_BYTES
        facts = [
            (file.name, _content(file.path) if by_content else f"{file.size} {file.changed_ns}") for file in files
        ]
    except OSError:
        return ""
    digest = digest_of(os.fsencode(part) for fact in facts for part in fact)[: len("sha256:") + 16]
    way = "" if by_content else " over sizes and times"
    return f"{count_of(len(files), 'file')}, {show_size(size)}, {digest}{way}"


def _own(assets: Iterable[Asset]) -> Iterator[Asset]:
    """Yield the data sets among them that lie at a path of the user's; weights have a digest of their own."""
    return (asset for asset in assets if asset.kind == "dataset" and asset.hub == "local")


def _of_asset(asset: Asset) -> str:
    return fingerprint(Path(asset.location), asset.patterns)


def _files(place: Path) -> Iterator[_File]:
    if place.is_dir():
        return _below(str(place), "", set())
    found = place.stat()
    return iter((_File(place.name, str(place), found.st_size, found.st_mtime_ns),))


def _below(folder: str, prefix: str, seen: set[tuple[int, int]]) -> Iterator[_File]:
    """Yield the files below a folder, each folder once: links may lead in a circle."""
    with os.scandir(folder) as entries:
        listed = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    if any(entry.name == _RUN for entry in listed):
        return
    for entry in listed:
        if entry.is_dir():
            found = entry.stat()
            if (found.st_dev, found.st_ino) not in seen:
                seen.add((found.st_dev, found.st_ino))
                yield from _below(entry.path, f"{prefix}{entry.name}/", seen)
        elif entry.is_file():
            found = entry.stat()
            yield _File(f"{prefix}{entry.name}", entry.path, found.st_size, found.st_mtime_ns)


def _is_named(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch(name, pattern) or name.startswith(f"{pattern}/") for pattern in patterns)


def _content(path: str) -> str:
    total = hashlib.sha256()
    with Path(path).open("rb") as file:
        while chunk := file.read(_CHUNK):
            total.update(chunk)
    return total.hexdigest()
