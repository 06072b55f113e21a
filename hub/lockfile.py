"""Whether a living process holds a lock file: the kernel lets go of what the dead held."""

from __future__ import annotations

import fcntl
from pathlib import Path


def is_held(lock: Path) -> bool:
    """Return whether a living process holds this lock; a lock that is gone is held by nobody."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:  # held, or not ours to look into: either way not ours to clear
        return True
    return False
