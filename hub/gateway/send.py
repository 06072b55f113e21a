"""One attempt at an upstream: the request with our key, its answer whole or as a stream."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

import aiohttp
from yarl import URL

from hub.endpoint import proxy_for, tls_context
from hub.gateway import failures
from hub.gateway.call import MAX_BODY, Answer, Call, Failure, Key
from hub.gateway.config import Upstream
from hub.gateway.headers import to_client, to_upstream
from hub.gateway.reply import judge_reply
from hub.gateway.sse import Lines

_CONNECT_TIMEOUT_S = 30.0
# Shorter than the 5 s after which uvicorn (vLLM, SGLang) closes an idle connection: whoever reuses one at
# that very moment gets a reset, and a POST must not be repeated blindly.
_KEEPALIVE_S = 4.0
_PIECE = 64 << 10  # larger bodies are sent in pieces, which bytes are not


class Sender:
    """The innermost step: holds the connections and the keys."""

    def __init__(
        self, session: aiohttp.ClientSession, keys: Mapping[str, Key], proxies: Mapping[str, str | None]
    ) -> None:
        """Use `session` for everything; keys by variable name, proxies by base URL."""
        self._session = session
        self._keys = keys
        self._proxies = proxies

    async def __call__(self, call: Call) -> Answer:
        """Return the upstream's answer, or a failure for whatever it did instead."""
        key = self._keys.get(call.upstream.api_key_env or "")
        async with AsyncExitStack() as stack:
            try:
                response = await stack.enter_async_context(self._request(call, key))
            except failures.CLIENT_ERRORS as error:
                return Answer.failed(failures.from_exception(error, call.upstream))
            if response.status == 200 and call.fields.get("stream") and _is_stream(response):
                return await _stream(call, response, key, stack)
            body = await _read(response, call.upstream)
        if isinstance(body, Failure):
            return Answer.failed(body)
        return judge_reply(call, response.status, to_client(response.headers.items(), key), body, key=key)

    def _request(self, call: Call, key: Key | None) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        query = f"?{call.query}" if call.query else ""
        headers = [*to_upstream(call.headers.items(), key)]
        if call.body:
            headers.append(("Content-Type", "application/json"))
        return self._session.request(
            "POST" if call.body else "GET",
            URL(f"{call.upstream.base_url}/{call.operation}{query}", encoded=True),
            data=io.BytesIO(call.body) if len(call.body) > _PIECE else call.body or None,
            headers=headers,
            allow_redirects=False,
            proxy=self._proxies.get(call.upstream.base_url),
        )


@asynccontextmanager
async def open_sender(upstreams: Iterable[Upstream], environ: Mapping[str, str]) -> AsyncIterator[Sender]:
    """Open the connection pool; `environ` holds the keys."""
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
        yield Sender(session, keys, {upstream.base_url: proxy_for(upstream.base_url) for upstream in known})


def _is_stream(response: aiohttp.ClientResponse) -> bool:
    return response.content_type == "text/event-stream"


async def _read(response: aiohttp.ClientResponse, upstream: Upstream) -> bytes | Failure:
    """Read the whole body; its limit is for the unpacked size, so that a small bomb stays small."""
    body = bytearray()
    try:
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > MAX_BODY:
                return failures.too_large(upstream)
    except failures.CLIENT_ERRORS:
        return failures.broke_off(upstream)
    return bytes(body)


async def _stream(call: Call, response: aiohttp.ClientResponse, key: Key | None, stack: AsyncExitStack) -> Answer:
    """Wait for the first piece, so that a stream that fails at once is still told by its status."""
    pieces = _pieces(response, call.upstream, key)
    stack.push_async_callback(pieces.aclose)
    first = await pieces.__anext__()
    if isinstance(first, Failure):
        return Answer.failed(first)
    call.closing.push_async_callback(stack.pop_all().aclose)
    return Answer(200, to_client(response.headers.items(), key), first, rest=pieces)


async def _pieces(
    response: aiohttp.ClientResponse, upstream: Upstream, key: Key | None
) -> AsyncGenerator[bytes | Failure, None]:
    """Yield whole lines as they arrive; at least one piece, and a Failure at the end if the stream broke."""
    lines = Lines()
    try:
        async for chunk in response.content.iter_any():
            whole = lines.feed(chunk)
            if whole:
                yield key.scrub_bytes(whole) if key else whole
            if len(lines) > MAX_BODY:
                yield failures.too_large(upstream)
                return
    except failures.CLIENT_ERRORS:
        yield failures.broke_off(upstream)
        return
    rest = lines.flush()
    if lines.finished:
        yield key.scrub_bytes(rest) if key else rest
    else:
        yield failures.broke_off(upstream)
