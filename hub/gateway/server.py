"""The gateway's server: one unix socket for each job, requests in, answers out, every call counted."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from aiohttp import web

from hub.gateway import failures
from hub.gateway.call import MAX_BODY, Answer, Call, Failure, Step
from hub.gateway.config import CallCount, Listener, Route
from hub.gateway.folders import give_to_job, listen
from hub.gateway.request import Target, read_fields, read_target, too_large, unreadable
from hub.gateway.send import open_sender
from hub.gateway.sse import error_event
from hub.gateway.steps import assemble

_SHUTDOWN_S = 0.5
_LAST_EVENT_S = 1.0
_CLIENT_LEFT = 499  # nginx's number for it


class Counts:
    """How many calls ended how; the ledger will take its place."""

    def __init__(self) -> None:
        """Begin with none."""
        self._calls: Counter[tuple[str, str, str, int]] = Counter()

    def add(self, route: Route, target: Target, status: int) -> None:
        """Count one call."""
        self._calls[route.job_id, target.role, target.dataset, status] += 1

    def all(self) -> tuple[CallCount, ...]:
        """Return them, sorted."""
        return tuple(sorted(CallCount(*call, count) for call, count in self._calls.items()))


@asynccontextmanager
async def serving(listeners: Iterable[Listener], environ: Mapping[str, str]) -> AsyncIterator[Counts]:
    """Serve every listener until the context ends; then no socket is left, and the counts are complete."""
    known, counts = tuple(listeners), Counts()
    upstreams = [upstream for listener in known for upstream in listener.route.upstreams.values()]
    async with AsyncExitStack() as stack:
        sockets = [_open(listener, stack) for listener in known]
        send = await stack.enter_async_context(open_sender(upstreams, environ))
        routes = {str(listener.socket): listener.route for listener in known}
        runner = await _run(_Handler(routes, assemble(send, upstreams), counts), stack)
        for opened in sockets:
            await web.SockSite(runner, opened, backlog=1024).start()
        yield counts


def _open(listener: Listener, stack: AsyncExitStack) -> socket.socket:
    opened = stack.enter_context(listen(listener.socket))
    stack.callback(listener.socket.unlink, missing_ok=True)
    give_to_job(listener.socket, listener.route.uid, listener.route.gid)
    return opened


async def _run(handler: _Handler, stack: AsyncExitStack) -> web.AppRunner:
    application = web.Application(client_max_size=MAX_BODY)
    application.router.add_route("*", "/{path:.*}", handler.handle)
    runner = web.AppRunner(
        application, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_S, access_log=None, handle_signals=False
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    return runner


class _Handler:
    def __init__(self, routes: Mapping[str, Route], way: Step, counts: Counts) -> None:
        self._routes = routes
        self._way = way
        self._counts = counts

    async def handle(self, request: web.Request) -> web.StreamResponse:
        route = self._routes.get(request.get_extra_info("sockname"))
        if route is None:  # the client left before its request was looked at
            return web.Response(status=_CLIENT_LEFT)
        if request.method == "GET" and request.path == "/healthz":
            return web.json_response({"status": "ok"})
        target = read_target(request.method, request.raw_path, route.upstreams.keys())
        if isinstance(target, Failure):
            return _whole(Answer.failed(target))
        status = _CLIENT_LEFT
        try:
            async with AsyncExitStack() as closing:
                answer, call = await self._answer(request, route, target, closing)
                response, status = await _deliver(request, answer, call)
                return response
        except ConnectionError:
            return web.Response(status=_CLIENT_LEFT)
        finally:
            self._counts.add(route, target, status)

    async def _answer(
        self, request: web.Request, route: Route, target: Target, closing: AsyncExitStack
    ) -> tuple[Answer, Call | None]:
        upstream = route.upstreams[target.role]
        expires_at = asyncio.get_running_loop().time() + upstream.deadline_s
        fields = await _fields(request, target)
        if isinstance(fields, Failure):
            return Answer.failed(fields), None
        call = Call(
            job_id=route.job_id,
            role=target.role,
            dataset=target.dataset,
            operation=target.operation,
            upstream=upstream,
            headers=request.headers,
            fields=fields,
            query=target.query,
            expires_at=expires_at,
            closing=closing,
        )
        return await self._way(call), call


async def _fields(request: web.Request, target: Target) -> dict[str, object] | Failure:
    if target.operation == "models":
        return {}
    try:
        return read_fields(await request.read())
    except web.HTTPRequestEntityTooLarge:
        return too_large()
    except web.RequestPayloadError:
        return unreadable()


async def _deliver(request: web.Request, answer: Answer, call: Call | None) -> tuple[web.StreamResponse, int]:
    """Write the answer and return the status to count: what really came of it."""
    if answer.rest is None or call is None:  # a refusal has no call
        whole = _whole(answer)
        await whole.prepare(request)
        await whole.write_eof()
        return whole, answer.status
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    try:
        await response.prepare(request)
        failure = await asyncio.wait_for(_relay(response, answer.body, answer.rest), call.time_left_s())
    except asyncio.TimeoutError:
        failure = failures.took_too_long(call.upstream)
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(_finish(response, failure), _LAST_EVENT_S)
    return response, failure.status if failure else answer.status


async def _relay(response: web.StreamResponse, first: bytes, rest: AsyncIterator[bytes | Failure]) -> Failure | None:
    """Write the pieces as they come; return the failure that ended them, if one did."""
    await response.write(first)
    async for piece in rest:
        if isinstance(piece, Failure):
            return piece
        await response.write(piece)
    return None


async def _finish(response: web.StreamResponse, failure: Failure | None) -> None:
    if failure:
        await response.write(error_event(failure))
    await response.write_eof()


def _whole(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
