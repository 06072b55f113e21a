"""A job's log.txt, bounded: a job that prints without end must not fill the disk."""

from __future__ import annotations

import os
from pathlib import Path

from hub.text import show_size

LOG_LIMIT_BYTES = 64 << 20
_TAIL_BYTES = 256 << 10


class BoundedLog:
    """Append what the job prints up to a limit, then one line that says so, and at the end the last of the rest."""

    def __init__(self, path: Path, limit_bytes: int = LOG_LIMIT_BYTES, tail_bytes: int = _TAIL_BYTES) -> None:
        """Open the file for appending; an earlier attempt's log counts against the limit."""
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._limit = limit_bytes
        self._left = max(0, limit_bytes - os.fstat(self._file).st_size)
        self._tail = bytearray()
        self._tail_bytes = tail_bytes
        self._cut = False
        self._broken = False

    def fileno(self) -> int:
        """Return the file's descriptor."""
        return self._file

    def feed(self, data: bytes) -> None:
        """Write what fits; of the rest remember the last, since the reason of a failure stands at the end."""
        kept, rest = data[: self._left], data[self._left :]
        self._left -= len(kept)
        self._write(kept)
        if not rest:
            return
        if not self._cut:
            self._cut = True
            self._remark(f"the log is longer than {show_size(self._limit)}; its end follows when the job has ended")
        self._tail += rest
        del self._tail[: -self._tail_bytes]
        os.utime(self._file)  # it still prints, and who looks at the file's time is to see that

    def close(self) -> None:
        """Write the end of a log that was cut, and close the file."""
        if self._cut:
            self._remark("the end")
            self._write(bytes(self._tail))
        os.close(self._file)

    def _remark(self, text: str) -> None:
        self._write(f"\n[evaldock: {text}]\n".encode())

    def _write(self, data: bytes) -> None:
        """Write all of it; a full disk costs the log, not the job."""
        try:
            while data and not self._broken:
                data = data[os.write(self._file, data) :]
        except OSError:
            self._broken = True
