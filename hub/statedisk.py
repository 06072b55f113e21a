"""Whether the state folder is on a disk of this machine: processes that share its databases must share memory."""

from __future__ import annotations

import os
import re
from pathlib import Path

from hub.finding import Finding
from hub.settings import Settings

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = frozenset(
    (
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "gpfs", "beegfs", "panfs", "pvfs2"),
        *("fuse.sshfs", "fuse.ceph", "fuse.glusterfs", "fuse.s3fs", "fuse.gcsfuse", "fuse.goofys", "fuse.rclone"),
        *("fuse.juicefs", "fuse.davfs", "fuse.mountpoint-s3"),
    )
)
_WHERE, _KIND = 4, 0  # in the halves of a line, before and after " - "


def kind_of(folder: str, mounts: str) -> str:
    """Return the type of the file system that an absolute folder, free of links, is on; empty where it is not said.

    `mounts`: what /proc/self/mountinfo says (proc_pid_mountinfo(5)); a later mount lies over an earlier one.
    """
    longest, kind = -1, ""
    for line in mounts.split("\n"):
        head, _, tail = line.partition(" - ")
        fields, rest = head.split(" "), tail.split(" ")
        if len(fields) <= _WHERE:
            continue
        where = _plain(fields[_WHERE]).rstrip("/")
        if (folder == where or folder.startswith(f"{where}/")) and len(where) >= longest:
            longest, kind = len(where), rest[_KIND]
    return kind


def state_findings(settings: Settings) -> tuple[Finding, ...]:
    """Warn of a state folder that is on a network file system; say nothing of another."""
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ()
    kind = kind_of(os.path.realpath(settings.state_dir), mounts)
    if kind not in _NETWORK:
        return ()
    what = f"{settings.state_dir} is on a network file system ({kind})"
    message = f"{what}: locks, and answers that are kept, are not safe there"
    return (Finding("warning", "state folder", message, "set EVALDOCK_STATE to a folder on a disk of this machine"),)


def _plain(path: str) -> str:
    """Return a path whose blanks, tabs, newlines and backslashes the kernel wrote as octal numbers."""
    return re.sub(r"\\([0-3][0-7]{2})", lambda found: chr(int(found[1], 8)), path)
