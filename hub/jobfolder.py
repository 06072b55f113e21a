"""A job's folder on the host: the input that it reads, the empty output that it fills, what an earlier start left."""

from __future__ import annotations

import os
import secrets
from dataclasses import replace
from pathlib import Path

from hub.job import PREVIOUS as TARGET
from hub.job import Job, Mount
from hub.removal import remove_what_can_be

PREVIOUS = "previous"  # below a job's folder
# What a start leaves. The engine's own files are overwritten; ledger.sqlite and bodies.jsonl grow over all starts.
_LEFT = (
    "output",
    "first",
    "log.txt",
    "outcome.json",
    "job.json",
    "results.json",
    "samples.jsonl",
    "normalize-error.txt",
)
_EVENTS = "events.jsonl"


def write_inputs(job: Job, folder: Path) -> None:
    """Write the job's files, readable by whoever it runs as, and make the empty output folder.

    The modes are set, not left to the umask: in a container the job may be another user.
    """
    top = folder / "input"
    for path in (top, folder / "output"):
        path.mkdir(parents=True, exist_ok=True)
    for name, text in job.files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
    for path in (top, *(sub for sub in top.rglob("*") if sub.is_dir())):
        path.chmod(0o755)


def with_past(job: Job, past: Path) -> Job:
    """Return the job with what an earlier start left in its output, in place of what it would have found there."""
    others = tuple(mount for mount in job.mounts if mount.target != TARGET)
    return replace(job, mounts=(*others, Mount(past, TARGET)))


def shelve(folder: Path) -> None:
    """Move what the last start left to previous/, in place of what is there, and remove what it was given.

    A start that left nothing but events takes no earlier one's place. Safe to break off and repeat.
    """
    draft, shelf = folder / f".{PREVIOUS}", folder / PREVIOUS
    _remove(folder / "input")
    found = [folder / name for name in _LEFT if os.path.lexists(folder / name)]
    if shelf.exists() and not draft.exists() and not _has_written(folder / "output"):
        for path in found:
            _remove(path)
        return
    if found or draft.exists():
        draft.mkdir(exist_ok=True)
        for path in found:
            path.replace(draft / path.name)
        _remove(shelf)
        draft.replace(shelf)


def _has_written(output: Path) -> bool:
    """Return whether there is more than events; a hidden file is one that was being written."""
    return output.is_dir() and any(path.name != _EVENTS and path.name[0] != "." for path in output.iterdir())


def _remove(path: Path) -> None:
    """Remove a file or a folder that a job filled; what it closed to us is at least out of the way."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        trash = path.with_name(f".old-{secrets.token_hex(8)}")
        path.replace(trash)
        remove_what_can_be(trash)
