"""HTTP/1.1 as servers really speak it, and as they should not."""

import asyncio
import gzip
import itertools
import socket
import zlib
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.endpoint import unix_base_url
from hub.gateway import wire as module
from hub.gateway.connection import CannotConnectError, CannotResolveError, DroppedError, NotHttpError
from hub.gateway.wire import Wire
from tests.hub.gateway.support import until

OK = b"HTTP/1.1 200 OK\r\n"
HEADERS = (("Authorization", "Bearer x"), ("Content-Type", "application/json"))


class Server:
    """Reads a request and sends what it is told to, piece by piece; then, or after the last one, it may close."""

    def __init__(self, *answers: bytes | list[bytes], closes: bool = False) -> None:
        self.answers = list(answers)
        self.closes = closes
        self.requests: list[bytes] = []
        self.connections = 0

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            while self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
                self.requests.append(head + await reader.readexactly(size))
                for piece in [found] if isinstance(found := self.answers.pop(0), bytes) else found:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                if self.closes:
                    break
            else:
                await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def served(server):
    serving, wire = [], Wire()

    async def serve(reader, writer):
        serving.append(asyncio.current_task())
        await server.serve(reader, writer)
        with suppress(ConnectionError):
            await writer.wait_closed()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield wire, f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1/x?a=%20b"
    finally:
        wire.close()
        listening.close()
        await asyncio.gather(*serving)


async def fetch(wire, url, body=b"{}"):
    """Return status, headers and body."""
    response = await wire.ask(url, HEADERS, body)
    try:
        read = b"".join([chunk async for chunk in response.chunks()])
        return response.status, dict(response.headers), read
    finally:
        response.close()


def ask(*answers, times=1, body=b"{}", **options):
    """Ask a server that answers so; return what came, and the server."""
    server = Server(*answers, **options)

    async def run():
        async with served(server) as (wire, url):
            return [await fetch(wire, url, body) for _ in range(times)]

    return asyncio.run(run()), server


def test_a_request_has_what_http_asks_for_and_nothing_else():
    _, server = ask(OK + b"Content-Length: 0\r\n\r\n", body=b'{"a": 1}')

    (request,) = server.requests
    assert request.startswith(b"POST /v1/x?a=%20b HTTP/1.1\r\nHost: 127.0.0.1:")
    assert request.endswith(
        b"Authorization: Bearer x\r\nContent-Type: application/json\r\nContent-Length: 8\r\n"
        b'Accept-Encoding: identity\r\n\r\n{"a": 1}'
    )


def test_without_a_body_it_is_a_get():
    _, server = ask(OK + b"Content-Length: 0\r\n\r\n", body=b"")

    assert server.requests[0].startswith(b"GET /v1/x")
    assert b"Content-Length" not in server.requests[0]


def chunked(pieces, end=b"0\r\n\r\n"):
    return b"".join(b"%x;ext=1\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece) + end


FRAMES = {
    "length": lambda body: b"Content-Length: %d\r\n\r\n%s" % (len(body), body),
    "chunks": lambda body: b"Transfer-Encoding: chunked\r\n\r\n" + chunked([body[:7], body[7:]]),
    "trailers": lambda body: b"transfer-encoding: Chunked\r\n\r\n" + chunked([body], b"0\r\nA: b\r\n\r\n"),
    "gzip": lambda body: FRAMES["length"](gzip.compress(body)).join([b"Content-Encoding: gzip\r\n", b""]),
    "deflate": lambda body: FRAMES["chunks"](zlib.compress(body)).join([b"Content-Encoding: deflate\r\n", b""]),
}


@settings(max_examples=60)
@given(body=st.binary(max_size=300), frame=st.sampled_from(sorted(FRAMES)), cuts=st.lists(st.integers(0, 600)))
def test_a_body_is_the_same_however_it_is_framed_and_cut(body, frame, cuts):
    raw = OK + FRAMES[frame](body)
    places = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    pieces = [raw[start:end] for start, end in itertools.pairwise(places)]

    [(status, _, read)], _ = ask(pieces)

    assert (status, read) == (200, body)


def test_a_body_without_a_length_goes_on_to_the_end_of_the_connection():
    [(_, _, read)], _ = ask([OK + b"\r\n", b"all ", b"of it"], closes=True)

    assert read == b"all of it"


def test_many_megabytes_pass_both_ways():
    body = bytes(20 << 20)

    [(_, _, read)], server = ask(OK + FRAMES["length"](body), body=body)

    assert read == body
    assert server.requests[0].endswith(body)


def test_a_connection_is_used_again():
    found, server = ask(*[OK + FRAMES["length"](b"a")] * 3, times=3)

    assert [read for _, _, read in found] == [b"a"] * 3
    assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Connection: close\r\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
        # What is said unasked after an answer would be taken for the next one.
        OK + b"Content-Length: 1\r\n\r\naHTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_a_connection_that_ends_or_says_more_is_not_used_again(answer):
    found, server = ask(answer, OK + FRAMES["length"](b"b"), times=2)

    assert [(status, read) for status, _, read in found] == [(200, b"a"), (200, b"b")]
    assert server.connections == 2


def test_a_connection_that_the_server_closed_meanwhile_is_not_used_again():
    server = Server(*[OK + FRAMES["length"](b"a")] * 2, closes=True)

    async def run():
        async with served(server) as (wire, url):
            first = await fetch(wire, url)
            (kept,) = itertools.chain(*wire._idle.values())
            await until(lambda: not kept.usable)
            return first, await fetch(wire, url)

    first, second = asyncio.run(run())
    assert first == second


def test_a_connection_that_was_idle_for_long_is_not_used_again(monkeypatch):
    monkeypatch.setattr(module, "_KEEPALIVE_S", -1)

    _, server = ask(*[OK + FRAMES["length"](b"a")] * 2, times=2)

    assert server.connections == 2


def test_an_answer_that_is_not_read_to_its_end_takes_its_connection_along():
    server = Server(*[OK + FRAMES["length"](b"a" * 100_000)] * 2)

    async def run():
        async with served(server) as (wire, url):
            response = await wire.ask(url, HEADERS, b"{}")
            response.close()
            return await fetch(wire, url)

    assert asyncio.run(run())[0] == 200
    assert server.connections == 2


def test_an_early_hint_is_no_answer():
    [(status, headers, _)], _ = ask(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + FRAMES["length"](b"a"))

    assert status == 200
    assert "Link" not in headers


def test_headers_keep_their_names_and_lose_the_space_around_their_values():
    [(_, headers, _)], _ = ask(OK + b"X-A:  b c \t\r\nx-E:\r\nContent-Length: 0\r\n\r\n")

    assert headers == {"X-A": "b c", "x-E": "", "Content-Length": "0"}


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        OK + b"no colon\r\n\r\n",
        OK + b"name : value\r\n\r\n",
        OK + b"A: b\r\n folded\r\n\r\n",
        OK + b"A: b\nC: d\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 1x\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nno size\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        OK + b"Content-Encoding: gzip\r\n" + FRAMES["length"](b"not packed"),
        b"x" * 200_000,
    ],
)
def test_what_is_not_http_is_said_to_be_none(answer):
    with pytest.raises(NotHttpError):
        ask(answer)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        OK + b"Content-Length: 5\r\n\r\nabc",
        OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc",
        OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(1000), mtime=0)[:-9],
    ],
)
def test_an_answer_that_breaks_off_is_never_taken_for_whole(answer):
    with pytest.raises(DroppedError):
        ask(answer, closes=True)


def test_a_small_bomb_stays_small():
    bomb = gzip.compress(bytes(64 << 20))

    async def run():
        async with served(Server(OK + b"Content-Encoding: gzip\r\n" + FRAMES["length"](bomb))) as (wire, url):
            response = await wire.ask(url, HEADERS, b"{}")
            sizes = [len(chunk) async for chunk in response.chunks()]
            response.close()
            return sizes

    sizes = asyncio.run(run())
    assert sum(sizes) == 64 << 20
    assert max(sizes) <= 1 << 20


def test_a_server_that_answers_before_it_has_read_all_is_heard():
    async def refuse(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        while await reader.read(1 << 20):  # closing at once would reset the connection, and take the answer along
            pass
        writer.close()

    async def run():
        server = Server()
        server.serve = refuse
        async with served(server) as (wire, url):
            return await fetch(wire, url, bytes(30 << 20))

    assert asyncio.run(run())[0] == 413


def test_a_port_where_nobody_listens_takes_no_connection():
    async def run():
        async with served(Server()) as (wire, url):
            pass
        await wire.ask(url, HEADERS, b"{}")

    with pytest.raises(CannotConnectError):
        asyncio.run(run())


def test_a_name_without_an_address_cannot_be_resolved(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(CannotResolveError):
        asyncio.run(Wire().ask("http://no-such-host.invalid/v1", HEADERS, b"{}"))


def test_who_stops_waiting_takes_the_connection_along():
    server = Server([])

    async def run():
        async with served(server) as (wire, url):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(wire.ask(url, HEADERS, b"{}"), 0.05)
            return wire._idle

    assert not any(asyncio.run(run()).values())


def at_socket(name):
    """Ask a server that listens at a unix socket, at `name` beside it."""

    async def run():
        with TemporaryDirectory(prefix="ed-") as folder:
            server, wire = Server(OK + b"Content-Length: 2\r\n\r\nhi", OK + b"Content-Length: 2\r\n\r\nho"), Wire()
            listening = await asyncio.start_unix_server(server.serve, f"{folder}/Up.sock")
            (Path(folder) / "link.sock").symlink_to(f"{folder}/Up.sock")
            url = f"{unix_base_url(Path(folder) / name)}/chat/completions"
            try:
                return [(await fetch(wire, url))[2] for _ in range(2)], server
            finally:
                wire.close()
                listening.close()

    return asyncio.run(run())


def test_a_server_at_a_unix_socket_is_asked_on_one_connection():
    answers, server = at_socket("Up.sock")

    assert answers == [b"hi", b"ho"]
    assert server.connections == 1
    assert server.requests[0].startswith(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n")


@pytest.mark.parametrize("name", ["absent.sock", "link.sock"])
def test_a_socket_that_is_absent_or_a_link_cannot_be_connected_to(name):
    with pytest.raises(CannotConnectError):
        at_socket(name)
