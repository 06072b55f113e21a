"""Whose container or process this is: an owner (host, boot, user) and the lock of the run that holds it."""

from __future__ import annotations

import os
from pathlib import Path

from hub.images import digest_of

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_LOCK = ".lock"


def owner_id() -> str:
    """Return the owner that this process's jobs are labelled with: host, boot and uid, as 16 hex digits.

    The host is its name, not /etc/machine-id: a hub in a container has its host's boot id and often its uid,
    but not its files, and would take every run lock of the host's own hub for free. One that has the host's name,
    too, needs a name of its own for what it sees: EVALDOCK_OWNER.
    """
    host = os.environ.get("EVALDOCK_OWNER") or os.uname().nodename
    facts = (host, _BOOT.read_text().strip(), str(os.getuid()))
    return digest_of(fact.encode() for fact in facts).removeprefix("sha256:")[:16]


def run_lock(job_folder: Path) -> Path:
    """Return the lock file of the run that a job's folder (<run>/jobs/<id>) belongs to."""
    return job_folder.parent.parent / _LOCK
