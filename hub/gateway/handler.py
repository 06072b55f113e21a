"""One call from its arrival to its row in the ledger."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from urllib.parse import unquote

from aiohttp import web

from hub.gateway import failures
from hub.gateway.books import Ledger
from hub.gateway.call import MAX_BODY, Answer, Call, Failure, Step
from hub.gateway.config import Route
from hub.gateway.database import BooksError
from hub.gateway.delivery import deliver
from hub.gateway.ending import CLIENT_LEFT, Ending, row_of
from hub.gateway.request import Target, read_fields, read_target, too_large, unreadable
from hub.gateway.tokens import usage_of

SAMPLE_HEADER = "X-Evaldock-Sample"
_LONGEST_SAMPLE = 1024


class Handler:
    """Answers the requests of one job."""

    def __init__(self, route: Route, way: Step, ledger: Ledger) -> None:
        """Send every call of the job on its `way`."""
        self._route = route
        self._way = way
        self._ledger = ledger
        self._calls: set[asyncio.Task[object]] = set()

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, whatever it is."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for mypy: a coroutine runs in a task
        self._calls.add(task)
        try:
            return await self._handle(request)
        except ConnectionError:
            return web.Response(status=CLIENT_LEFT)
        finally:
            self._calls.discard(task)

    async def ended(self) -> None:
        """Wait until no call is under way; none may arrive any more."""
        if self._calls:
            await asyncio.wait(self._calls)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "GET" and request.raw_path == "/healthz":
            return web.json_response({"status": "ok"})
        target = read_target(request.method, request.raw_path, self._route.upstreams.keys())
        if isinstance(target, Failure):
            refusal = Answer.failed(target)
            return web.Response(status=refusal.status, headers=refusal.headers, body=refusal.body)
        ending = Ending(time.time(), asyncio.get_running_loop().time())
        async with AsyncExitStack() as closing:
            fields: dict[str, object] = {}
            call = self._call(request, target, fields, ending, closing)
            try:
                answer = await self._answer(request, call, fields, ending)
                return await deliver(request, call, answer, ending)
            finally:
                self._end(call, ending)

    def _call(
        self,
        request: web.BaseRequest,
        target: Target,
        fields: dict[str, object],
        ending: Ending,
        closing: AsyncExitStack,
    ) -> Call:
        upstream = self._route.upstreams[target.role]
        return Call(
            job_id=self._route.job_id,
            role=target.role,
            dataset=target.dataset,
            operation=target.operation,
            upstream=upstream,
            headers=request.headers,
            fields=fields,
            query=target.query,
            expires_at=ending.arrived_at + upstream.deadline_s,
            closing=closing,
            sample=unquote(request.headers.get(SAMPLE_HEADER, ""))[:_LONGEST_SAMPLE],
            session=self._route.session,
        )

    async def _answer(
        self, request: web.BaseRequest, call: Call, fields: dict[str, object], ending: Ending
    ) -> Answer:
        if call.operation != "models":
            found = await _read(request, ending)
            if isinstance(found, Failure):
                return Answer.failed(found)
            fields.update(found)
        try:
            answer = await self._way(call)
        except BooksError:  # the process is about to end
            return Answer.failed(failures.cannot_keep())
        if answer.failure is None and call.account.tokens_in is None and (usage := usage_of(answer.body)):
            call.account.tokens_in, call.account.tokens_out = usage
        return answer

    def _end(self, call: Call, ending: Ending) -> None:
        ending.ended_at = asyncio.get_running_loop().time()
        if call.operation != "models":
            self._ledger.write(call.job_id, row_of(call, ending))


async def _read(request: web.BaseRequest, ending: Ending) -> dict[str, object] | Failure:
    body = bytearray()
    try:
        async for chunk in request.content.iter_any():
            body += chunk
            if len(body) > MAX_BODY:
                return too_large()
    except web.RequestPayloadError:
        return unreadable()
    ending.bytes_in = len(body)
    return read_fields(body)
