"""Keep a container's output as log.txt: followed in a thread, bounded, and whole after a restart."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hub.text import show_size

if TYPE_CHECKING:
    from docker.models.containers import Container

LOG = "log.txt"
LOG_BYTES = 64 << 20
_TAIL_LINES = 500
_TAIL_BYTES = 256 << 10
_DRAIN_S = 30.0


class LogFollower:
    """Threads that copy the output of running containers, one each, known by container id."""

    def __init__(self) -> None:
        """Follow nothing yet."""
        self._threads: dict[str, threading.Thread] = {}
        self._guard = threading.Lock()

    def follow(self, container: Container, folder: Path) -> None:
        """Copy all output of `container` to folder/log.txt, unless that goes on; replaces an older copy."""
        key = str(container.id)
        path = folder / LOG
        with self._guard:
            if key in self._threads:
                return
            path.write_bytes(b"")  # there from the start, for those who watch it
            thread = threading.Thread(target=_copy, args=(container, path), name=f"log-{key[:12]}", daemon=True)
            self._threads[key] = thread
            thread.start()

    def drain(self, container: Container, folder: Path) -> None:
        """Wait until the output of a container that has ended is in its file; a cut log gets its end."""
        with self._guard:
            thread = self._threads.pop(str(container.id), None)
        if thread:
            thread.join(_DRAIN_S)
        path = folder / LOG
        if path.is_file() and path.stat().st_size >= LOG_BYTES:
            _append_end(path, container)


def _append_end(path: Path, container: Container) -> None:
    from docker.errors import NotFound  # noqa: PLC0415

    with suppress(NotFound):  # somebody else removed it, and its log with it
        append_tail(path, container.logs(tail=_TAIL_LINES))


def write_bounded(path: Path, chunks: Iterable[bytes], *, limit: int = LOG_BYTES) -> None:
    """Write the first `limit` bytes and a line that says so; drop the rest, so that the stream ends by itself."""
    room = limit
    with path.open("wb", buffering=0) as file:
        for chunk in chunks:
            if room <= 0:
                os.utime(file.fileno())  # it still prints, and who looks at the file's time is to see that
                continue
            file.write(chunk[:room])
            room -= len(chunk)
            if room <= 0:
                size = show_size(limit)
                file.write(_remark(f"the log is longer than {size}; its end follows when the job has ended"))


def append_tail(path: Path, tail: bytes) -> None:
    """Append the last lines of a log that was cut, since the reason of a failure stands at the end."""
    with path.open("ab") as file:
        file.write(_remark("the end"))
        file.write(tail[-_TAIL_BYTES:])


def _remark(text: str) -> bytes:
    return f"\n[evaldock: {text}]\n".encode()


def _copy(container: Container, path: Path) -> None:
    from docker.errors import DockerException  # noqa: PLC0415
    from requests.exceptions import RequestException  # noqa: PLC0415

    try:
        write_bounded(path, container.logs(stream=True, follow=True))
    except (DockerException, RequestException) as error:
        with path.open("ab") as file:
            file.write(_remark(f"the daemon gave no more output: {error}"))
