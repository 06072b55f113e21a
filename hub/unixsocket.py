"""A unix socket that a container makes: connected to by its file alone, wherever the name may lead."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def opened(path: str) -> Iterator[str]:
    """Yield an address of the socket that lies at `path` itself.

    The container owns the folder, so the name may be a link to a socket of this host, such as Docker's. A link is not
    followed: connecting to it is refused.

    Raises:
        OSError: there is nothing.
    """
    handle = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)
