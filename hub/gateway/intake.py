"""Reading what a client sends: small bodies at once, large ones when there is room for them."""

from __future__ import annotations

import asyncio
from functools import partial

from aiohttp import web

from hub.gateway import failures
from hub.gateway.aside import SMALL, aside
from hub.gateway.call import MAX_BODY, Call, Failure
from hub.gateway.request import read_fields, too_large, unreadable
from hub.gateway.room import LARGE, Room


class Intake:
    """Reads requests."""

    def __init__(self, room: Room) -> None:
        """Let large bodies wait for `room`."""
        self._room = room

    async def read(self, request: web.BaseRequest, call: Call) -> dict[str, object] | Failure:
        """Return the JSON object that a client sent; its room is given back when the call is closed."""
        try:
            # Most come together with their heads.
            whole = request.content.is_eof()
            body = request.content.read_nowait() if whole else await self._read(request, call)
        except web.RequestPayloadError:
            return unreadable()
        except asyncio.TimeoutError:
            return failures.no_room(call.upstream)
        call.account.bytes_in = len(body)
        if len(body) > MAX_BODY:
            return too_large()
        return read_fields(body) if len(body) <= SMALL else await aside(partial(read_fields, body))

    async def _read(self, request: web.BaseRequest, call: Call) -> bytes | bytearray:
        """Return the whole body, or more than MAX_BODY of one that is too large."""
        packed, size = "Content-Encoding" in request.headers, request.content_length
        size = MAX_BODY if packed or size is None else size
        body = bytearray()
        lease = None
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > MAX_BODY:
                break
            if len(body) > LARGE and lease is None:
                lease = await self._room.take(size, call.expires_at)
                call.closing.callback(lease.end)
        if lease is not None:
            lease.shrink(len(body))
        return body
