"""A loopback port for a server that listens at a socket: every connection is passed on, both ways."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hub.gateway.connection import connected

_PIECE = 256 << 10
_Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextmanager
def forwarded(listener: socket.socket, path: Path) -> Iterator[None]:
    """Pass on what connects to a listening port to the socket at `path`, in a thread, for the length of the block."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(_serve(listener, path, stop),), name="port")
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def _serve(listener: socket.socket, path: Path, stop: asyncio.Event) -> None:
    at_work: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(_pass_on((reader, writer), path))
        at_work.add(task)
        task.add_done_callback(at_work.discard)

    server = await asyncio.start_server(begin, sock=listener, limit=_PIECE)
    try:
        await stop.wait()
    finally:
        server.close()
        for task in at_work:
            task.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)


async def _pass_on(client: _Stream, path: Path) -> None:
    """Copy both ways until both have ended; one that breaks breaks both, so that no half answer looks whole."""
    try:
        reader, writer = await asyncio.open_unix_connection(sock=await connected(str(path)), limit=_PIECE)
        try:
            await asyncio.gather(_copy(client[0], writer), _copy(reader, client[1]))
        finally:
            writer.close()
    except OSError:
        client[1].transport.abort()
    finally:
        client[1].close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_PIECE):
        writer.write(data)
        await writer.drain()
    with suppress(OSError):
        writer.write_eof()
