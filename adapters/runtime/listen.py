"""Forward a model server's unix socket to its loopback TCP port: `python -m adapters.runtime.listen SOCKET PORT`.

The way in for servers that cannot listen on a socket themselves. The socket is made once the port takes connections,
so that to whoever looks for it a server that still loads is like one that listens there itself: not there yet.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import sys

from adapters.runtime.forward import Stream, forward, raise_file_limit

_HOST = "127.0.0.1"
_BACKLOG = 1024
_POLL_S = 0.1


async def listen(path: str, port: int) -> None:
    """Wait until somebody listens at `port`; then forward the unix socket `path` to it, until cancelled."""
    while not await _answers(port):  # noqa: ASYNC110 - of another process: no event tells us
        await asyncio.sleep(_POLL_S)
    with contextlib.closing(_bind(path)) as listener:
        await forward(listener, lambda: asyncio.open_connection(_HOST, port), _hang_up)


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(_HOST, port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def _bind(path: str) -> socket.socket:
    """Return a listener at `path`, where the socket of a server that was killed lies no more."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(os.lstat(path).st_mode):
            os.unlink(path)
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(path)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


async def _hang_up(client: Stream, _error: OSError) -> None:
    """Break the connection off, as a server does that ends: the gateway asks again."""
    client[1].transport.abort()


def main() -> None:
    """Forward until ended by the parent."""
    raise_file_limit()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(listen(sys.argv[1], int(sys.argv[2])))


if __name__ == "__main__":
    main()
