"""Giving a client its answer, whole or piece by piece, and finding out whether it got it."""

from __future__ import annotations

import asyncio
import select
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web

from hub.gateway import failures
from hub.gateway.call import Answer, Call, Failure
from hub.gateway.ending import Ending
from hub.gateway.sse import error_event

_LAST_EVENT_S = 1.0


async def deliver(request: web.BaseRequest, call: Call, answer: Answer, ending: Ending) -> web.StreamResponse:
    """Write the answer and note how that ended: `ending.delivered` once the transport has the last byte.

    Raises:
        ConnectionError: the client left.
    """
    if answer.rest is None:
        response = await _deliver_whole(request, answer, ending)
    else:
        response = await _deliver_stream(request, call, answer, answer.rest, ending)
    ending.status = ending.failure.status if ending.failure else answer.status
    ending.delivered = True
    return response


async def _deliver_whole(request: web.BaseRequest, answer: Answer, ending: Ending) -> web.StreamResponse:
    response = web.Response(status=answer.status, headers=answer.headers, body=answer.body)
    ending.failure = answer.failure
    _require_client(request)
    await response.prepare(request)
    await response.write_eof()
    ending.sent(answer.body)
    return response


async def _deliver_stream(
    request: web.BaseRequest, call: Call, answer: Answer, rest: AsyncIterator[bytes | Failure], ending: Ending
) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    call.account.first_byte_at = asyncio.get_running_loop().time()
    try:
        await response.prepare(request)
        ending.failure = await asyncio.wait_for(_relay(response, answer.body, rest, ending), call.time_left_s())
    except asyncio.TimeoutError:
        ending.failure = failures.took_too_long(call.upstream)
    _require_client(request)
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(_finish(response, ending.failure), _LAST_EVENT_S)
    return response


async def _relay(
    response: web.StreamResponse, first: bytes, rest: AsyncIterator[bytes | Failure], ending: Ending
) -> Failure | None:
    """Write the pieces as they come; return the failure that ended them, if one did."""
    await response.write(first)
    ending.sent(first)
    async for piece in rest:
        if isinstance(piece, Failure):
            return piece
        await response.write(piece)
        ending.sent(piece)
    return None


async def _finish(response: web.StreamResponse, failure: Failure | None) -> None:
    if failure:
        await response.write(error_event(failure))
    await response.write_eof()


def _require_client(request: web.BaseRequest) -> None:
    """Raise where the client has left and the loop does not know yet: what it would get would count as delivered."""
    if not is_connected(request):
        raise ConnectionResetError("the client left")


def is_connected(request: web.BaseRequest) -> bool:
    """Return whether the client still waits."""
    transport = request.transport
    return transport is not None and not has_left(transport.get_extra_info("socket").fileno())


def has_left(file: int) -> bool:
    """Return whether whoever is at the other end of a socket has closed it."""
    poll = select.poll()
    poll.register(file, select.POLLRDHUP)
    return bool(poll.poll(0))
