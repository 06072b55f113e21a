"""SIGTERM as a wish: what is under way is brought to an end, and what was found is written down."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EXIT_CODE = 128 + signal.SIGTERM  # as a shell has it


class Termination:
    """Whether the job was told to end; a context manager that listens, from the process's main thread."""

    def __init__(self) -> None:
        """Begin with nothing told."""
        self.told = False
        self._call: Callable[[], object] | None = None

    def __enter__(self) -> Termination:  # noqa: PYI034 - Self is newer than Python 3.10
        """Take SIGTERM, which would end the process where it is."""
        self._before = signal.signal(signal.SIGTERM, self._take)
        return self

    def __exit__(self, *_: object) -> None:
        """Leave SIGTERM to who had it before."""
        signal.signal(signal.SIGTERM, self._before)

    @contextmanager
    def calling(self, call: Callable[[], object]) -> Iterator[None]:
        """Have `call` called, at any moment, once the job is told to end."""
        self._call = call
        try:
            yield
        finally:
            self._call = None

    def _take(self, *_: object) -> None:
        self.told = True
        if self._call:
            self._call()
