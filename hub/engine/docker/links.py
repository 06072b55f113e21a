"""Links that lead out of a mounted folder: a container sees what they name only where that is mounted too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from hub.checkpoint import identifies
from hub.errors import EngineError
from hub.job import Job, Mount
from hub.removal import entries_below

_WEIGHTS = ("config.json", "adapter_config.json")


class _Link(NamedTuple):
    """A link at `path` in a mounted folder, the `file` it ends at, and where the container looks for that."""

    path: Path
    file: Path
    target: str


def with_linked(job: Job) -> Job:
    """Return the job with what a snapshot in a hub client's cache has only links to.

    Those caches keep each file once, in `blobs/` beside `snapshots/`. Other links are not followed: whoever made the
    folder would choose which of the host's files a job sees.

    Raises:
        EngineError: another link stands for a part of a checkpoint.
    """
    linked: dict[str, Mount] = {}
    for mount in job.mounts:
        blobs, is_checkpoint = _blobs(mount.source), _has_weights(mount.source)
        if blobs is None and not is_checkpoint:
            continue  # data: a million files may be in it, and none of its links is followed or refused
        for link in _leading_out(mount):
            if blobs is not None and link.file.is_relative_to(blobs):
                linked[link.target] = Mount(link.file, link.target)
            elif is_checkpoint and identifies(link.path.name):
                message = f"job {job.id!r}: {str(link.path)!r} is a link to {str(link.file)!r}, which is not mounted"
                raise EngineError(f"{message}: put the file itself in its place, or use --engine venv")
    return replace(job, mounts=(*job.mounts, *linked.values()))


def _blobs(folder: Path) -> Path | None:
    """Return the folder of the files themselves, where `folder` is a snapshot of a hub client's cache."""
    snapshots = folder.resolve().parent
    return snapshots.parent / "blobs" if snapshots.name == "snapshots" else None


def _has_weights(folder: Path) -> bool:
    return any(os.path.isfile(folder / name) for name in _WEIGHTS)  # noqa: PTH113 - Path.is_file raises where it is closed


def _leading_out(mount: Mount) -> Iterator[_Link]:
    """Yield the links to files elsewhere, sorted; those to nothing, and to folders, are not looked at."""
    inside = mount.source.resolve()
    # There may be a million files beside a checkpoint: none is asked what it is. Folders may be without end.
    links = (Path(entry.path) for entry in entries_below(inside) if entry.is_symlink())
    for path in sorted(links):
        is_file = os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises where a path is too long, or closed to us
        if is_file and not (file := path.resolve()).is_relative_to(inside):
            here = f"{mount.target}/{path.parent.relative_to(inside)}"
            yield _Link(path, file, os.path.normpath(f"{here}/{path.readlink()}"))
