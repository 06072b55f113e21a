"""Carry a fault out on a connection: wrong statuses, wrong bodies, answers that never end or end too soon."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress

from aiohttp import web

from hub.mock import wire
from hub.mock.faults import Fault
from hub.mock.operations import Prepared

_TRICKLE_S = 0.1
_FOREVER_S = 24 * 3600.0
_JSON = "application/json"
_EVENTS = "text/event-stream"
_HTML = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
_SERVER_ERROR = wire.error("The server had an error while processing your request.", kind="server_error")
_GARBAGE = b'\x00\xff{"choices": [{"message": nonsense'
_NONSENSE = {"garbage": (_JSON, _GARBAGE), "html": ("text/html", _HTML), "empty": (_JSON, b"")}


async def misbehave(
    request: web.Request, fault: Fault, honest: Prepared, retry_after_s: float | None
) -> web.StreamResponse:
    """Answer with a fault in place of an honest answer."""
    stream = bool(honest.events)
    good = honest.events[0].data if stream else honest.body
    match fault:
        case "429":
            return _too_many(retry_after_s)
        case "500":
            return web.Response(status=500, body=wire.dumps(_SERVER_ERROR), content_type=_JSON)
        case "garbage" | "html" | "empty":
            kind, body = _NONSENSE[fault]
            return web.Response(body=body, content_type=kind)
        case "refuse":
            reset(request)
            return web.Response()
        case "hang" | "trickle":
            return await _never(request, good, stream=stream, drops=fault == "trickle")
        case "truncated" | "drop":
            return await _half(request, good, stream=stream, drop=fault == "drop")


def _too_many(retry_after_s: float | None) -> web.Response:
    body = wire.error("Rate limit reached. Slow down.", kind="requests", code="rate_limit_exceeded")
    headers = {} if retry_after_s is None else {"Retry-After": f"{retry_after_s:g}"}
    return web.Response(status=429, body=wire.dumps(body), content_type=_JSON, headers=headers)


async def _never(request: web.Request, good: bytes, *, stream: bool, drops: bool) -> web.StreamResponse:
    """Begin (a stream) or do not even begin, and say nothing more, or next to nothing, until the client leaves."""
    response = web.StreamResponse()
    response.content_type = _EVENTS if stream else _JSON
    if stream or drops:
        await response.prepare(request)
    if stream:
        await response.write(good)
    if not drops:
        await asyncio.sleep(_FOREVER_S)
    while True:
        await asyncio.sleep(_TRICKLE_S)
        await response.write(b": wait\n\n" if stream else b" ")


async def _half(request: web.Request, good: bytes, *, stream: bool, drop: bool) -> web.StreamResponse:
    """Send half an answer; then end as if it were whole (truncated), or reset the connection (drop)."""
    half = good[: len(good) // 2]
    if not stream and not drop:
        return web.Response(body=half, content_type=_JSON)
    response = web.StreamResponse()
    response.content_type = _EVENTS if stream else _JSON
    if not stream:
        response.content_length = len(good)
    await response.prepare(request)
    await response.write(good + half if stream else half)
    if drop:
        await asyncio.sleep(0.01)  # what was written leaves before the reset overtakes it
        reset(request)
    else:
        await response.write_eof()
    return response


def reset(request: web.Request) -> None:
    """Reset the connection: without lingering, closing it is a reset."""
    transport = request.transport
    if transport is None:
        return
    raw = transport.get_extra_info("socket")
    with suppress(OSError, AttributeError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
