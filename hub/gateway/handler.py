"""One call from its arrival to its row in the ledger."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from urllib.parse import unquote

from aiohttp import web

from hub.gateway import failures
from hub.gateway.bodies import Bodies
from hub.gateway.books import Ledger
from hub.gateway.call import Answer, Call, Failure, Step
from hub.gateway.config import Route
from hub.gateway.delivery import deliver, is_connected
from hub.gateway.ending import CLIENT_LEFT, Ending, row_of
from hub.gateway.intake import Intake
from hub.gateway.request import Target, read_target
from hub.gateway.written import BooksError

SAMPLE_HEADER = "X-Evaldock-Sample"
_LONGEST_SAMPLE = 1024


class Handler:
    """Answers the requests of one job."""

    def __init__(self, route: Route, intake: Intake, way: Step, ledger: Ledger) -> None:
        """Read every call of the job by `intake` and send it on its `way`."""
        self._route = route
        self._intake = intake
        self._roles = frozenset(route.upstreams)
        self._way = way
        self._ledger = ledger
        self._bodies = Bodies(route.bodies)
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

    async def ended(self, grace_s: float) -> None:
        """Wait until no call is under way, for so long; then end them. None may arrive any more."""
        if self._calls:
            _, late = await asyncio.wait(self._calls, timeout=grace_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._bodies.written()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "GET" and request.raw_path == "/healthz":
            return web.json_response({"status": "ok"})
        target = read_target(request.method, request.raw_path, self._roles)
        if isinstance(target, Failure):
            refusal = Answer.failed(target)
            return web.Response(status=refusal.status, headers=refusal.headers, body=refusal.body)
        ending = Ending(time.time(), asyncio.get_running_loop().time(), said=[] if self._bodies.wanted else None)
        fields: dict[str, object] = {}
        async with AsyncExitStack() as closing:
            call = self._call(request, target, fields, ending, closing)
            # Below what else is closed: what a client has left behind is read to its end, and then accounted.
            closing.callback(self._end, call, ending)
            answer = await self._answer(request, call, fields)
            response = await deliver(request, call, answer, ending)
            self._end(call, ending)  # at once: it has used its number up
            return response

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
            connected=lambda: is_connected(request),
        )

    async def _answer(self, request: web.BaseRequest, call: Call, fields: dict[str, object]) -> Answer:
        if call.operation != "models":
            found = await self._intake.read(request, call)
            if isinstance(found, Failure):
                return Answer.failed(found)
            fields.update(found)
        try:
            return await self._way(call)
        except BooksError as error:  # the process is about to end
            return Answer.failed(failures.cannot_keep(str(error)))

    def _end(self, call: Call, ending: Ending) -> None:
        if ending.ended_at:
            return
        ending.ended_at = asyncio.get_running_loop().time()
        if call.operation != "models":
            self._ledger.write(call.job_id, row_of(call, ending))
            self._bodies.write(call, ending)
        call.account.leave()
