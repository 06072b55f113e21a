"""The forwarder carries bytes both ways, untouched and at once, and outlives gateways that come and go."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from adapters.runtime.forward import serve

_Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def _upper(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer only after the client's end of stream: works with half-closed connections alone."""
    writer.write((await reader.read()).upper())
    writer.close()
    await writer.wait_closed()


async def _by_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
    writer.close()
    await writer.wait_closed()


def test_a_half_closed_connection_still_gets_its_answer(tmp_path: Path) -> None:
    async def scenario() -> bytes:
        async with _gateway(tmp_path / "s", _upper), _forwarder(tmp_path / "s") as port:
            return await _ask(port, b"hello")

    assert asyncio.run(scenario()) == b"HELLO"


def test_a_big_body_arrives_whole(tmp_path: Path) -> None:
    body = b"abcdefgh" * (4 << 20)

    async def scenario() -> bytes:
        async with _gateway(tmp_path / "s", _upper), _forwarder(tmp_path / "s") as port:
            return await _ask(port, body)

    assert asyncio.run(scenario()) == body.upper()


def test_256_connections_at_once(tmp_path: Path) -> None:
    async def scenario() -> list[bytes]:
        async with _gateway(tmp_path / "s", _upper), _forwarder(tmp_path / "s") as port:
            return await asyncio.gather(*(_ask(port, f"client {i}".encode()) for i in range(256)))

    assert asyncio.run(scenario()) == [f"CLIENT {i}".encode() for i in range(256)]


def test_more_connections_than_the_gateway_accepts_at_once_wait_their_turn(tmp_path: Path) -> None:
    async def scenario() -> list[bytes]:
        async with _gateway(tmp_path / "s", _upper, backlog=1), _forwarder(tmp_path / "s") as port:
            return await asyncio.gather(*(_ask(port, b"a") for _ in range(64)))

    assert asyncio.run(scenario()) == [b"A"] * 64


def test_a_stream_passes_piece_by_piece(tmp_path: Path) -> None:
    async def scenario() -> list[bytes]:
        async with _gateway(tmp_path / "s", _by_line), _forwarder(tmp_path / "s") as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            pieces = []
            for piece in (b"one\n", b"two\n"):
                writer.write(piece)
                pieces.append(await asyncio.wait_for(reader.readline(), 10))
            writer.close()
            await writer.wait_closed()
            return pieces

    assert asyncio.run(scenario()) == [b"one\n", b"two\n"]


def test_a_gateway_that_was_restarted_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "s"

    async def scenario() -> tuple[bytes, bytes, bytes]:
        async with _forwarder(path) as port:
            async with _gateway(path, _upper):
                first = await _ask(port, b"a")
            between = await _ask(port, b"b")
            async with _gateway(path, _upper):
                return first, between, await _ask(port, b"c")

    first, between, last = asyncio.run(scenario())
    assert (first, last) == (b"A", b"C")
    assert between.startswith(b"HTTP/1.1 502 ")


def test_a_refused_socket_is_a_502_in_the_form_of_the_api(tmp_path: Path) -> None:
    async def scenario() -> bytes:
        async with _forwarder(tmp_path / "nobody") as port:
            return await _ask(port, b"POST / HTTP/1.1\r\n\r\n" + bytes(1 << 20))

    head, _, body = asyncio.run(scenario()).partition(b"\r\n\r\n")
    error = json.loads(body)["error"]
    assert head.startswith(b"HTTP/1.1 502 Bad Gateway")
    assert f"Content-Length: {len(body)}".encode() in head
    assert error["type"] == "gateway_unreachable"
    assert "does not answer" in error["message"]


def test_an_upstream_that_breaks_off_breaks_the_client_off(tmp_path: Path) -> None:
    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"half an ans")
        await writer.drain()
        await reader.readline()
        writer.transport.abort()

    async def scenario() -> bytes:
        async with _gateway(tmp_path / "s", broken), _forwarder(tmp_path / "s") as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            half = await reader.readexactly(11)
            writer.write(b"go on\n")
            with suppress(ConnectionError):
                half += await asyncio.wait_for(reader.read(), 10)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            return half

    assert asyncio.run(scenario()) == b"half an ans"


@asynccontextmanager
async def _gateway(path: Path, handler: _Handler, backlog: int = 512) -> AsyncIterator[None]:
    server = await asyncio.start_unix_server(handler, path, backlog=backlog)
    try:
        yield
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def _forwarder(path: Path) -> AsyncIterator[int]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    port: Any = listener.getsockname()[1]
    task = asyncio.create_task(serve(listener, str(path)))
    try:
        yield port
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        listener.close()


async def _ask(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    await writer.wait_closed()
    return answer
