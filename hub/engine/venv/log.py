"""A job's log.txt, bounded: a job that prints without end must not fill the disk."""

from __future__ import annotations

import os
from pathlib import Path

LOG_LIMIT_BYTES = 64 << 20


class BoundedLog:
    """Append what the job prints up to a limit, then one line that says so, then nothing."""

    def __init__(self, path: Path, limit_bytes: int = LOG_LIMIT_BYTES) -> None:
        """Open the file for appending; an earlier attempt's log counts against the limit."""
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._limit = limit_bytes
        self._left = max(0, limit_bytes - os.fstat(self._file).st_size)
        self._full = False

    def fileno(self) -> int:
        """Return the file's descriptor."""
        return self._file

    def feed(self, data: bytes) -> None:
        """Write what fits."""
        if self._full:
            return
        self._write(data[: self._left])
        if len(data) > self._left:
            self._full = True
            self._write(f"\n[evaldock: log cut at {self._limit} bytes, the rest was discarded]\n".encode())
        self._left -= len(data)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _write(self, data: bytes) -> None:
        """Write all of it; a full disk costs the log, not the job."""
        try:
            while data:
                data = data[os.write(self._file, data) :]
        except OSError:
            self._full = True
