"""A job's folder on the host: the input that it reads, the empty output that it fills."""

from __future__ import annotations

from pathlib import Path

from hub.job import Job


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
