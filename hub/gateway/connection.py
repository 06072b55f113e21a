"""One connection of the wire: bytes out, the parts of an HTTP/1.1 answer in."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncGenerator
from typing import NamedTuple, cast

from hub.gateway.call import Headers
from hub.unixsocket import opened

_CONNECT_TIMEOUT_S = 30.0
_FULL_S = 0.005
_PIECE = 256 << 10
_LONGEST_HEAD = 64 << 10
_STATUS = re.compile(r"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: .*)?\r\n")
_FIELDS = re.compile(r"(?<=\r\n)([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n]*?)[ \t]*\r\n")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?\r\n")
_END = b"\r\n"


class CannotResolveError(OSError):
    """The server's name has no address."""


class CannotConnectError(OSError):
    """The server takes no connection."""


class DroppedError(OSError):
    """The connection ended before the answer did."""


class NotHttpError(Exception):
    """What came is no answer in HTTP/1.1."""


class Server(NamedTuple):
    """Whom a connection leads to; port 0: the host is the path of a unix socket."""

    host: str
    port: int


class Connection(asyncio.Protocol):
    """One request at a time; asyncio's own streams cannot say whether something came unasked.

    Attributes:
        idle_since: when the last answer was read; set by whoever keeps it.
        whole: the answer was read to its end, which its head says where it is.
    """

    def __init__(self) -> None:
        """Begin unconnected; `connect` does it."""
        self.idle_since = 0.0
        self.whole = False
        self._received = bytearray()
        self._ended = False
        self._paused = False
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None
        self._writable = True

    @classmethod
    async def connect(cls, server: Server) -> Connection:
        """Return a new connection.

        Raises:
            CannotResolveError, CannotConnectError, asyncio.TimeoutError: there is none.
        """
        try:
            transport, connection = await asyncio.wait_for(cls._open(server), _CONNECT_TIMEOUT_S)
        except socket.gaierror as error:
            raise CannotResolveError(error.errno, error.strerror) from error
        except asyncio.TimeoutError:
            raise
        except OSError as error:
            raise CannotConnectError(error.errno, error.strerror) from error
        if not server.port:
            return connection
        # An answer may take minutes in which nothing moves, and what lies between may forget such a connection.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return connection

    @classmethod
    async def _open(cls, server: Server) -> tuple[asyncio.BaseTransport, Connection]:
        loop = asyncio.get_running_loop()
        if server.port:
            return await loop.create_connection(cls, *server, happy_eyeballs_delay=0.25)
        return await loop.create_unix_connection(cls, sock=await connected(server.host))

    @property
    def usable(self) -> bool:
        """Return whether another request may be sent: it is open, and nothing came that nobody asked for."""
        return not self._ended and not self._received

    def close(self) -> None:
        """Close it at once."""
        self._transport.abort()

    def send(self, head: bytes, body: bytes) -> bool:
        """Send a request, and return True; False where its body is too large to be sent at once."""
        self.whole = False
        small = len(body) <= _PIECE
        self._transport.write(head + body if small else head)
        return small

    async def send_body(self, body: bytes) -> None:
        """Send a large body, as fast as it is read."""
        view = memoryview(body)
        for start in range(0, len(body), _PIECE):
            if self._ended:  # it may have answered, such as "too large", without reading all
                return
            self._transport.write(view[start : start + _PIECE])
            if not self._writable:
                self._writer = asyncio.get_running_loop().create_future()
                await self._writer

    async def head(self) -> tuple[int, Headers]:
        """Return the status and headers of the answer."""
        while True:
            status, headers = _parsed(await self._until(b"\r\n\r\n"))
            if status == 101:
                raise NotHttpError("another protocol")
            if status >= 200:
                return status, headers

    async def measured(self, length: int) -> AsyncGenerator[bytes, None]:
        """Yield so many bytes."""
        while length:
            piece = await self._some(length)
            length -= len(piece)
            yield piece
        self.whole = True

    async def chunked(self) -> AsyncGenerator[bytes, None]:
        """Yield what is sent in chunks, without their frames."""
        while size := await self._chunk_size():
            while size:
                piece = await self._some(size)
                size -= len(piece)
                yield piece
            if await self._until(_END) != _END:
                raise NotHttpError("chunk")
        while await self._until(_END) != _END:
            pass  # trailers
        self.whole = True

    async def rest(self) -> AsyncGenerator[bytes, None]:
        """Yield all that comes until the connection ends."""
        while self._received or not self._ended:
            if self._received:
                yield self._take(len(self._received))
            else:
                await self._more()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; for asyncio."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take what came; for asyncio."""
        self._received += data
        if len(self._received) > _PIECE and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        _wake(self._reader)

    def connection_lost(self, _error: Exception | None) -> None:
        """Note the end; for asyncio."""
        self._ended = True
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        """Note that enough is under way; for asyncio."""
        self._writable = False

    def resume_writing(self) -> None:
        """Note that more may be sent; for asyncio."""
        self._writable = True
        _wake(self._writer)

    async def _chunk_size(self) -> int:
        found = _CHUNK.fullmatch(await self._until(_END))
        if found is None:
            raise NotHttpError("chunk")
        return int(found[1], 16)

    async def _until(self, end: bytes) -> bytes:
        """Return all up to and including `end`."""
        sought = 0
        while (place := self._received.find(end, sought)) < 0:
            if len(self._received) > _LONGEST_HEAD:
                raise NotHttpError("too long")
            sought = max(len(self._received) - len(end) + 1, 0)
            await self._more()
        return self._take(place + len(end))

    async def _some(self, most: int) -> bytes:
        while not self._received:
            await self._more()
        return self._take(most)

    def _take(self, most: int) -> bytes:
        piece = bytes(self._received[:most])
        del self._received[:most]
        if self._paused and len(self._received) <= _PIECE:
            self._paused = False
            self._transport.resume_reading()
        return piece

    def _more(self) -> asyncio.Future[None]:
        """Return what is done when more came, or the connection has ended."""
        if self._ended:
            raise DroppedError
        if self._paused:  # a line longer than a piece
            self._paused = False
            self._transport.resume_reading()
        self._reader = asyncio.get_running_loop().create_future()
        return self._reader


async def connected(path: str) -> socket.socket:
    """Return a socket that is connected to the one at `path`, waiting while the server has no room for another.

    That is EAGAIN, which asyncio's own connect takes for success: the connection would be lost at its first byte.
    """
    found = socket.socket(socket.AF_UNIX)
    try:
        found.setblocking(False)
        with opened(path) as address:
            while not _connects(found, address):  # noqa: ASYNC110 - of another process
                await asyncio.sleep(_FULL_S)
            return found
    except BaseException:
        found.close()
        raise


def _connects(found: socket.socket, address: str) -> bool:
    """Connect at once and return True; False where the server has no room for another connection now."""
    try:
        found.connect(address)
    except BlockingIOError:
        return False
    return True


def _wake(waiting: asyncio.Future[None] | None) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(None)


def _parsed(head: bytes) -> tuple[int, Headers]:
    text = head.decode("latin-1")
    status = _STATUS.match(text)
    if status is None:
        raise NotHttpError("status line")
    headers = _FIELDS.findall(text, status.end())
    if len(headers) != text.count("\r\n") - 2:  # of the status line, and the empty one
        raise NotHttpError("header")
    if status[1] == "0":  # without an invitation it closes the connection
        headers.append(("Connection", "close"))
    return int(status[2]), tuple(headers)
