"""What the daemon says while it builds or pulls: its messages as lines for the user, and its last words."""

from __future__ import annotations

import re
import textwrap
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from hub.engine import Progress
from hub.text import show_duration

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_NOISE = ("--->", "Removing intermediate container", "Successfully ")
_STEP = re.compile(r"Step \d+/\d+ : ")
_STEP_WIDTH = 120
_LAST_LINES = 15
_SILENCE_S = 15.0


class StreamError(Exception):
    """The daemon reported an error in the stream."""


class Narration:
    """Tells the daemon's messages line by line, and remembers the step and the last lines of it."""

    def __init__(self, progress: Progress) -> None:
        """Tell every line to `progress`."""
        self._progress = progress
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._spoke_at = time.monotonic()
        self.step = ""

    @property
    def last_lines(self) -> str:
        """Return what the current step said last, indented."""
        return "\n".join(f"    {line}" for line in self._last)

    def tell(self, messages: Iterable[Mapping[str, Any]]) -> None:
        """Tell all messages.

        Raises:
            StreamError: one of them is an error.
        """
        with self._breaking_silence():
            for message in messages:
                if "error" in message:
                    raise StreamError(str(message["error"]).strip())
                for line in _lines(message):
                    self._say(line)

    def _say(self, line: str) -> None:
        if _STEP.match(line):
            self.step = line = textwrap.shorten(line, _STEP_WIDTH, placeholder=" ...")
            self._last.clear()
        else:
            self._last.append(line)
        self._spoke_at = time.monotonic()
        self._progress(line)

    @contextmanager
    def _breaking_silence(self) -> Iterator[None]:
        """Say that it still goes on, where a step is silent for long: pip is, during a download."""
        done = threading.Event()
        thread = threading.Thread(target=self._remind, args=(done,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _remind(self, done: threading.Event) -> None:
        while not done.wait(_SILENCE_S):
            silence_s = time.monotonic() - self._spoke_at
            if silence_s >= _SILENCE_S:
                doing = self._last[-1] if self._last else self.step
                self._progress(f"  ... {show_duration(silence_s)} in: {doing}")


def _lines(message: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of one message: `stream` of a build, `status` of a pull without its progress bars."""
    text = message.get("stream") or ("" if message.get("progressDetail") else _status(message))
    for line in _ANSI.sub("", text).splitlines():
        kept = line.rstrip()
        if kept and not kept.strip().startswith(_NOISE):
            yield kept


def _status(message: Mapping[str, Any]) -> str:
    status = str(message.get("status") or "")
    return f"{message['id']}: {status}" if status and message.get("id") else status
