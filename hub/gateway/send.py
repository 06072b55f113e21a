"""One attempt at an upstream: the request with our key, its answer whole or as a stream."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, closing
from functools import partial
from typing import Protocol

import aiohttp
from yarl import URL

from hub.endpoint import proxy_for, tls_context
from hub.gateway import failures
from hub.gateway.aside import SMALL, aside
from hub.gateway.call import MAX_BODY, Answer, Call, Failure, Key
from hub.gateway.config import Upstream
from hub.gateway.headers import to_client, to_upstream
from hub.gateway.reply import judge_reply
from hub.gateway.room import LARGE, Lease, Room
from hub.gateway.sse import Lines
from hub.gateway.wire import Wire

_CONNECT_TIMEOUT_S = 30.0
# Shorter than the 5 s after which uvicorn (vLLM, SGLang) closes an idle connection: whoever reuses one at
# that very moment gets a reset, and a POST must not be repeated blindly.
_KEEPALIVE_S = 4.0
_JSON = ("Content-Type", "application/json")


class Reply(Protocol):
    """What a server answers, once its head has come."""

    @property
    def status(self) -> int:
        """Return the HTTP status."""

    @property
    def headers(self) -> Iterable[tuple[str, str]]:
        """Return the headers."""

    def chunks(self) -> AsyncIterator[bytes]:
        """Return the body as it comes."""

    def header(self, name: str) -> str:
        """Return a header's value, empty where there is none; `name` is in lower case."""

    def close(self) -> None:
        """Let the connection go, whether or not the body was read."""


class _Foreign:
    """An answer that aiohttp has received."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.headers = tuple(response.headers.items())
        self._response = response

    def chunks(self) -> AsyncIterator[bytes]:
        return self._response.content.iter_any()

    def header(self, name: str) -> str:
        return self._response.headers.get(name, "")

    def close(self) -> None:
        self._response.release()


class Sender:
    """The innermost step: holds the connections and the keys."""

    def __init__(
        self,
        wire: Wire,
        session: aiohttp.ClientSession,
        keys: Mapping[str, Key],
        proxies: Mapping[str, str | None],
        room: Room,
    ) -> None:
        """Use `wire` for plain addresses, `session` for others.

        Args:
            wire: connections to plain addresses.
            session: for all others.
            keys: by the names of their variables.
            proxies: by base URL.
            room: that large answers wait for.
        """
        self._room = room
        self._wire = wire
        self._session = session
        self._keys = keys
        self._proxies = proxies
        self._plain = {url for url, proxy in proxies.items() if proxy is None and not url.startswith("https:")}

    async def __call__(self, call: Call) -> Answer:
        """Return the upstream's answer, or a failure for whatever it did instead."""
        key = self._keys.get(call.upstream.api_key_env or "")
        try:
            reply = await self._request(call, key)
        except failures.CLIENT_ERRORS as error:
            return Answer.failed(failures.from_exception(error, call.upstream))
        if reply.status == 200 and call.fields.get("stream") and _is_stream(reply):
            return await _stream(call, reply, key)
        answer, lease = await self._whole(call, reply, key)
        if lease is not None and answer.failure is None:
            call.closing.callback(lease.end)
        elif lease is not None:  # another try must not wait for what this one holds
            lease.end()
        return answer

    async def _whole(self, call: Call, reply: Reply, key: Key | None) -> tuple[Answer, Lease | None]:
        """Read a whole answer, and what room it takes."""
        body, lease = bytearray(), None
        try:
            async for chunk in reply.chunks():
                body += chunk
                if len(body) > MAX_BODY:  # of the unpacked size, so that a small bomb stays small
                    return Answer.failed(failures.too_large(call.upstream)), lease
                if len(body) > LARGE and lease is None:
                    lease = await self._room.take(_size(reply), call.expires_at)
        except failures.CLIENT_ERRORS:
            return Answer.failed(failures.broke_off(call.upstream)), lease
        except BaseException:
            if lease is not None:
                lease.end()
            raise
        finally:
            reply.close()
        if lease is not None:
            lease.shrink(len(body))
        headers = to_client(reply.headers, key)
        judge = partial(judge_reply, call, reply.status, headers, bytes(body), key=key)
        return judge() if len(body) <= SMALL else await aside(judge), lease

    async def _request(self, call: Call, key: Key | None) -> Reply:
        query = f"?{call.query}" if call.query else ""
        url = f"{call.upstream.base_url}/{call.operation}{query}"
        headers = to_upstream(call.headers.items(), key)
        headers = (*headers, _JSON) if call.body else headers
        if call.upstream.base_url in self._plain:
            return await self._wire.ask(url, headers, call.body)
        return _Foreign(
            await self._session.request(
                "POST" if call.body else "GET",
                URL(url, encoded=True),
                data=io.BytesIO(call.body) if call.body else None,  # in pieces, which bytes are not
                headers=headers,
                allow_redirects=False,
                proxy=self._proxies[call.upstream.base_url],
            )
        )


@asynccontextmanager
async def open_sender(upstreams: Iterable[Upstream], environ: Mapping[str, str], room: Room) -> AsyncIterator[Sender]:
    """Open the connection pool; `environ` holds the keys, and large answers wait for `room`."""
    known = tuple(upstreams)
    names = {upstream.api_key_env for upstream in known if upstream.api_key_env}
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            limit=0,
            keepalive_timeout=_KEEPALIVE_S,
            ssl=tls_context() if any(upstream.base_url.startswith("https:") for upstream in known) else True,
            resolver=aiohttp.ThreadedResolver(),  # the system's: what `check` reached is what is reached here
        ),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_TIMEOUT_S),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,  # it would also send what ~/.netrc says; the proxies are looked up below
    ) as session:
        keys = {name: Key(environ[name].strip()) for name in names}
        proxies = {upstream.base_url: proxy_for(upstream.base_url) for upstream in known}
        with closing(Wire()) as wire:
            yield Sender(wire, session, keys, proxies, room)


def _is_stream(reply: Reply) -> bool:
    return reply.header("content-type").partition(";")[0].strip().lower() == "text/event-stream"


def _size(reply: Reply) -> int:
    """Return how large an answer is, or may be."""
    length = reply.header("content-length")
    packed = reply.header("content-encoding").lower() not in {"", "identity"}
    return int(length) if length.isdigit() and not packed else MAX_BODY


async def _stream(call: Call, reply: Reply, key: Key | None) -> Answer:
    """Wait for the first piece, so that a stream that fails at once is still told by its status."""
    pieces = _pieces(reply, call.upstream, key)
    first = await anext(pieces)
    if isinstance(first, Failure):
        await pieces.aclose()
        return Answer.failed(first)
    return Answer(200, to_client(reply.headers, key), first).with_rest(call, pieces)


async def _pieces(reply: Reply, upstream: Upstream, key: Key | None) -> AsyncGenerator[bytes | Failure, None]:
    """Yield whole lines as they arrive; at least one piece, and a Failure at the end if the stream broke."""
    lines = Lines()
    try:
        async for chunk in reply.chunks():
            whole = lines.feed(chunk)
            if whole:
                yield key.scrub_bytes(whole) if key else whole
            if len(lines) > MAX_BODY:
                yield failures.too_large(upstream)
                return
    except failures.CLIENT_ERRORS:
        yield failures.broke_off(upstream)
        return
    finally:
        reply.close()
    rest = lines.flush()
    if lines.finished:
        yield key.scrub_bytes(rest) if key else rest
    else:
        yield failures.broke_off(upstream)
