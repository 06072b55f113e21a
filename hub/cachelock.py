"""One evaldock at a time at a folder of the cache, and a cache that cannot be written said in one way."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hub.errors import PrerequisiteError


@contextmanager
def cache_errors(destination: Path) -> Iterator[None]:
    """Turn an OSError into what a user can mend.

    Raises:
        PrerequisiteError: there was one.
    """
    try:
        yield
    except OSError as error:
        message = f"the cache cannot be written: {error.filename or destination}: {error.strerror}"
        raise PrerequisiteError(message, hint="EVALDOCK_CACHE names another folder") from error


@contextmanager
def alone(destination: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of `destination` for the length of the block; wait for it where another process does."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    with destination.with_name(f".{destination.name}.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("another evaldock downloads it; waiting")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
