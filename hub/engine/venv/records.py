"""What the venv engine remembers of running jobs, on a local disk, so that another hub can reap a dead hub's."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from hub.engine import Handle
from hub.engine.ownership import run_lock
from hub.lockfile import is_held
from hub.files import write_atomic

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Record:
    """One running job: its handle, and where and for whom it runs."""

    handle: Handle
    uid: int
    boot: str
    host: str

    @property
    def same_boot(self) -> bool:
        """Return whether the process ids of this record mean anything here and now."""
        return (self.boot, self.host) == (_boot(), socket.gethostname())

    @property
    def same_host(self) -> bool:
        """Return whether the job ran on this host, perhaps before it was started anew."""
        return self.host == socket.gethostname()


def folder_of(state_dir: Path) -> Path:
    """Return the folder of the records."""
    return state_dir / "venv-jobs"


def remember(folder: Path, handle: Handle) -> None:
    """Write a record for a job that starts."""
    record = Record(handle, os.getuid(), _boot(), socket.gethostname())
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(_path(folder, handle), json.dumps(asdict(record), indent=2, sort_keys=True) + "\n")


def forget(folder: Path, handle: Handle) -> None:
    """Remove the record of a job that is over."""
    _path(folder, handle).unlink(missing_ok=True)


def abandoned(folder: Path) -> Iterator[Record]:
    """Yield the records of this user and host whose hub is dead."""
    for path in sorted(folder.glob("*.json")):
        record = _read(path)
        ours = record is not None and record.uid == os.getuid() and record.same_host
        if record is not None and ours and not is_held(run_lock(Path(record.handle.folder))):
            yield record


def _path(folder: Path, handle: Handle) -> Path:
    return folder / f"{handle.id}-{handle.mark}.json"


def _read(path: Path) -> Record | None:
    """Read a record; None where it is gone meanwhile or another version wrote it."""
    try:
        found = json.loads(path.read_text())
        known = {field.name for field in fields(Handle)}
        handle = Handle(**{key: value for key, value in found["handle"].items() if key in known})
        return Record(handle, found["uid"], found["boot"], found["host"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _boot() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""
