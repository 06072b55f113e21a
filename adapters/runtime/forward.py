"""Forward a loopback TCP port to the gateway's unix socket: `python -m adapters.runtime.forward FD SOCKET`.

FD is a listening TCP socket that the parent opened, so that a client may connect before this process is up.
Every connection opens its own to SOCKET, by path, so that a gateway that was restarted is found again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import socket
import sys
from collections.abc import Awaitable, Callable

_CHUNK = 256 * 1024
_LINGER_S = 5.0
_CONNECT_S = 30.0
_RETRY_S = 0.005

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Stream]]
Refuse = Callable[[Stream, OSError], Awaitable[None]]


async def serve(listener: socket.socket, path: str) -> None:
    """Accept connections on `listener` and forward each to the unix socket `path`, until cancelled."""
    await forward(listener, lambda: _connect(path), _refuse)


async def forward(listener: socket.socket, connect: Connect, refuse: Refuse) -> None:
    """Accept connections on `listener` and forward each to one of `connect`, until cancelled.

    A client is given to `refuse` where there is none to forward it to, and then closed.
    """
    connections: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(_forward((reader, writer), connect, refuse))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(connected, sock=listener, limit=_CHUNK, backlog=1024)
    try:
        async with server:
            await server.serve_forever()
    finally:
        await asyncio.gather(*(_end(task) for task in tuple(connections)))


async def _forward(client: Stream, connect: Connect, refuse: Refuse) -> None:
    try:
        upstream = await connect()
    except OSError as error:
        await refuse(client, error)
    else:
        await _both_ways(client, upstream)
    finally:
        await _close(client[1])


async def _connect(path: str) -> Stream:
    """Connect to the socket, waiting while its backlog is full.

    A full backlog is EAGAIN for a unix socket, which asyncio's own connect takes for success: the connection would
    then be lost at its first byte.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _CONNECT_S
    upstream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        upstream.setblocking(False)
        while True:
            try:
                upstream.connect(path)
                break
            except BlockingIOError:
                if loop.time() > deadline:
                    raise
                await asyncio.sleep(_RETRY_S)
        return await asyncio.open_unix_connection(sock=upstream, limit=_CHUNK)
    except BaseException:
        upstream.close()
        raise


async def _both_ways(client: Stream, upstream: Stream) -> None:
    """Copy until both directions ended; one that breaks breaks both, so that no half answer looks whole."""
    pumps = (
        asyncio.ensure_future(_pump(client[0], upstream[1])),
        asyncio.ensure_future(_pump(upstream[0], client[1])),
    )
    try:
        await asyncio.gather(*pumps)
    except OSError:
        for _, writer in (client, upstream):
            writer.transport.abort()
    finally:
        await asyncio.gather(*(_end(pump) for pump in pumps))
        await _close(upstream[1])


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy what arrives as it arrives; pass the end of the stream on, and keep the other direction open."""
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


async def _end(task: asyncio.Future[None]) -> None:
    task.cancel()
    with contextlib.suppress(OSError, asyncio.CancelledError):
        await task


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _refuse(client: Stream, error: OSError) -> None:
    """Answer 502, then read what the client still sends: closing on unread data would lose the answer."""
    reader, writer = client
    with contextlib.suppress(OSError, asyncio.TimeoutError):
        writer.write(_bad_gateway(f"the gateway does not answer at its socket: {error}"))
        writer.write_eof()
        await asyncio.wait_for(_discard(reader), _LINGER_S)


async def _discard(reader: asyncio.StreamReader) -> None:
    while await reader.read(_CHUNK):
        pass


def _bad_gateway(message: str) -> bytes:
    body = json.dumps({"error": {"message": message, "type": "gateway_unreachable"}}).encode()
    head = (
        "HTTP/1.1 502 Bad Gateway\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def raise_file_limit() -> None:
    """Two files a connection: take as many as we may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> None:
    """Serve the listening socket of the parent until ended by it."""
    raise_file_limit()
    with socket.socket(fileno=int(sys.argv[1])) as listener, contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(listener, sys.argv[2]))


if __name__ == "__main__":
    main()
