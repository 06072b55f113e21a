"""What the gateway's process says on its standard output, kept for whoever asks."""

from __future__ import annotations

import os
import selectors
import subprocess
import threading
import time
from contextlib import suppress

from hub.gateway.config import Verdict
from hub.gateway.protocol import Begun, Ended, decode_event


class News:
    """Reads in a thread, so that nobody waits who does not want to."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """Read the output of `process`: its first line by `first_line`, the rest after `start`."""
        assert process.stdout is not None  # noqa: S101 - for mypy: it was started with a pipe
        self._process = process
        self._output = process.stdout
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()
        self._verdicts: dict[str, Verdict] = {}
        self._said: set[Begun | Ended] = set()
        self._over = False

    def first_line(self, deadline_s: float) -> str:
        """Return the first line, cut short where the output ends or the time is up."""
        until = time.monotonic() + deadline_s
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._output, selectors.EVENT_READ)
            while not line.endswith(b"\n") and selector.select(max(until - time.monotonic(), 0)):
                byte = os.read(self._output.fileno(), 1)
                if not byte:
                    with suppress(subprocess.TimeoutExpired):
                        self._process.wait(1)
                    break
                line += byte
        return line.decode().rstrip()

    def start(self) -> None:
        """Read on, until the output ends."""
        self._thread = threading.Thread(target=self._read, name="gateway-news", daemon=True)
        self._thread.start()

    def verdict(self, job_id: str) -> Verdict | None:
        """Return the gravest verdict on a job so far: any but that of a spent budget ends it."""
        return self._verdicts.get(job_id)

    def forget(self, event: Begun | Ended) -> None:
        """Make `wait_for` wait for the next one."""
        with self._changed:
            self._said.discard(event)

    def wait_for(self, event: Begun | Ended, deadline_s: float) -> bool:
        """Return True once `event` was said, False where the output ends or the time is up first."""
        with self._changed:
            self._changed.wait_for(lambda: event in self._said or self._over, deadline_s)
            return event in self._said

    def more(self) -> bool:
        """Return whether there may be more: False once the output, and so the process, has ended."""
        return not self._over

    def close(self) -> None:
        """Wait for the end of the output, which the end of the process brings."""
        if self._thread is not None:
            self._thread.join()
        self._output.close()

    def _read(self) -> None:
        for line in self._output:
            event = decode_event(line.decode(errors="replace"))
            with self._changed:
                if isinstance(event, Verdict):
                    known = self._verdicts.get(event.job_id)
                    if known is None or known.kind == "budget":
                        self._verdicts[event.job_id] = event
                elif event is not None:
                    self._said.add(event)
                self._changed.notify_all()
        with self._changed:
            self._over = True
            self._changed.notify_all()
