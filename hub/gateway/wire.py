"""HTTP/1.1 to servers on plain addresses, with the least work that is still correct.

A model server nearby is asked thousands of times a second: a general client then takes longer than all else in the
gateway together. What needs TLS or a proxy is asked by aiohttp.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import defaultdict
from collections.abc import AsyncGenerator
from functools import lru_cache
from urllib.parse import urlsplit

from hub.endpoint import socket_of
from hub.gateway.call import Headers
from hub.gateway.connection import Connection, DroppedError, NotHttpError, Server

# Shorter than the 5 s after which uvicorn (vLLM, SGLang) closes an idle connection: whoever reuses one at
# that very moment gets a reset, and a POST must not be repeated blindly.
_KEEPALIVE_S = 4.0
_PIECE = 256 << 10


class Wire:
    """Connections, kept for the next request."""

    def __init__(self) -> None:
        """Begin with none."""
        self._idle: dict[Server, list[Connection]] = defaultdict(list)

    async def ask(self, url: str, headers: Headers, body: bytes) -> Response:
        """Send a request, GET where there is no body, and return the answer as its head has come; it must be closed.

        Raises:
            CannotResolveError, CannotConnectError, DroppedError, NotHttpError, asyncio.TimeoutError: no answer.
        """
        server, host, path = _parts(url)
        connection = self._take(server) or await Connection.connect(server)
        try:
            if not connection.send(_head(host, path, headers, len(body)), body):
                await connection.send_body(body)
            status, headers = await connection.head()
        except BaseException:
            connection.close()
            raise
        return Response(self, server, connection, status, headers)

    def put_back(self, server: Server, connection: Connection) -> None:
        """Keep a connection for the next request."""
        connection.idle_since = asyncio.get_running_loop().time()
        self._idle[server].append(connection)

    def close(self) -> None:
        """Close every connection that nobody uses."""
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()

    def _take(self, server: Server) -> Connection | None:
        """Return the connection that was used last; those that lie idle for too long lie before it."""
        idle = self._idle[server]
        oldest = asyncio.get_running_loop().time() - _KEEPALIVE_S
        while idle and (idle[0].idle_since < oldest or not idle[0].usable):
            idle.pop(0).close()
        while idle:
            connection = idle.pop()
            if connection.usable:
                return connection
            connection.close()
        return None


class Response:
    """An answer whose head has come."""

    def __init__(self, wire: Wire, server: Server, connection: Connection, status: int, headers: Headers) -> None:
        """Hold the connection until `close`."""
        self.status = status
        self.headers = headers
        self._wire = wire
        self._server = server
        self._connection = connection
        self._by_name = {name.lower(): value for name, value in headers}

    def header(self, name: str) -> str:
        """Return a header's value, empty where there is none; `name` is in lower case."""
        return self._by_name.get(name, "")

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """Return the body as it comes, unpacked.

        Raises:
            NotHttpError: it is not what its headers say.
            DroppedError: when it is read, and does not come to its end.
        """
        packed = self.header("content-encoding").lower() not in {"", "identity"}
        return _unpacked(self._framed()) if packed else self._framed()

    def close(self) -> None:
        """Give the connection back where it can be used again."""
        connection = self._connection
        if connection.whole and connection.usable and self.header("connection").lower() != "close":
            self._wire.put_back(self._server, connection)
        else:
            connection.close()

    def _framed(self) -> AsyncGenerator[bytes, None]:
        """Return the body's bytes by the rules of RFC 9112, section 6.3."""
        if self.status in {204, 304}:
            return self._connection.measured(0)
        if coding := self.header("transfer-encoding").lower():
            if coding != "chunked":
                raise NotHttpError(f"transfer coding {coding!r}")
            return self._connection.chunked()
        length = self.header("content-length")
        if not length:
            return self._connection.rest()
        if not (length.isascii() and length.isdigit()) or self._disagree("content-length"):
            raise NotHttpError("content length")
        return self._connection.measured(int(length))

    def _disagree(self, name: str) -> bool:
        several = len(self._by_name) < len(self.headers)
        return several and len({value for known, value in self.headers if known.lower() == name}) > 1


@lru_cache(256)
def _parts(url: str) -> tuple[Server, str, str]:
    """Return the server of an http address, or of one of a socket, its name with port, and the path with query."""
    parts = urlsplit(url)
    path = url.partition("://")[2][len(parts.netloc) :]
    if socket := socket_of(url):
        return Server(socket, 0), "localhost", path
    return Server(parts.hostname or "", parts.port or 80), parts.netloc, path


def _head(host: str, path: str, headers: Headers, size: int) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    if size:
        method, lines = "POST", f"{lines}Content-Length: {size}\r\n"
    else:
        method = "GET"
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{lines}Accept-Encoding: identity\r\n\r\n".encode()


async def _unpacked(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield gzip or zlib data unpacked, in pieces: a small bomb stays small."""
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        async for chunk in chunks:
            packed = chunk
            while packed:
                yield unpacker.decompress(packed, _PIECE)
                packed = unpacker.unconsumed_tail
    except zlib.error as error:
        raise NotHttpError("content encoding") from error
    if not unpacker.eof:
        raise DroppedError
