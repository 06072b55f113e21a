"""The gateway's server: one unix socket for each job, requests in, answers out, every call in the ledger."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from aiohttp import web

from hub.gateway.books import Ledger, open_books
from hub.gateway.budget import budget_of
from hub.gateway.cache import Cache
from hub.gateway.call import Step
from hub.gateway.config import Books, Listener, Upstream
from hub.gateway.folders import give_to_job, listen, remove
from hub.gateway.handler import Handler
from hub.gateway.intake import Intake
from hub.gateway.limits import Place, Sent, sent_lately
from hub.gateway.protocol import Begun, Ended, Event
from hub.gateway.room import Room
from hub.gateway.send import open_sender
from hub.gateway.steps import assemble
from hub.gateway.written import BooksError
from hub.ledger import read_rows

_SHUTDOWN_S = 0.5
_GRACE_S = 5.0
_LAST_GRACE_S = 2.0  # the run is stopped, or its hub is gone and the next one may be waiting
Tell = Callable[[Event], None]


@asynccontextmanager
async def serving(
    listeners: Iterable[Listener],
    environ: Mapping[str, str],
    books: Books,
    tell: Tell,
    on_failure: Callable[[str], None],
) -> AsyncIterator[Server]:
    """Serve every listener until the context ends; then no socket is left, and the books are complete.

    `tell` gets the news, `on_failure` the reason why nothing may be answered any more.

    Raises:
        BooksError: the books cannot be written.
    """
    known = tuple(listeners)
    upstreams = [upstream for listener in known for upstream in listener.route.upstreams.values()]
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(open_books(books, on_failure))
        room = Room()  # for answers; apart from that for requests, whose calls wait for it
        send = await stack.enter_async_context(open_sender(upstreams, environ, room))
        cache = Cache(books.cache, opened.ledger, opened.answers, room)
        way = assemble(
            send,
            [listener.route for listener in known],
            verdict=tell,
            budget=budget_of(books, upstreams),
            sent=_sent_lately(books, upstreams),
            with_answers=cache.with_answers,
        )
        server = Server(way, opened.ledger, tell, detached=opened.answers is not None)
        stack.push_async_callback(server.aclose)
        for listener in known:
            await server.open(listener)
        yield server


def _sent_lately(books: Books, upstreams: Iterable[Upstream]) -> dict[Place, list[Sent]]:
    """Return what the rates must count that an earlier gateway of this run sent; without rates nobody asks."""
    if not any(upstream.requests_per_minute or upstream.tokens_per_minute for upstream in upstreams):
        return {}
    return sent_lately(read_rows(books.ledger), time.time(), asyncio.get_running_loop().time())


class Server:
    """The jobs that are served."""

    def __init__(self, way: Step, ledger: Ledger, tell: Tell, *, detached: bool) -> None:
        """Serve none yet; a call that is `detached` goes on when its client leaves."""
        self._way = way
        self._ledger = ledger
        self._tell = tell
        self._detached = detached
        self._intake = Intake(Room())
        self._jobs: dict[str, _Job] = {}

    async def begin(self, listener: Listener) -> None:
        """Serve a job that has ended once more, and tell it."""
        await self.open(listener)
        self._tell(Begun(listener.route.job_id))

    async def open(self, listener: Listener) -> None:
        """Serve a job from now on."""
        job = _Job(listener, Handler(listener.route, self._intake, self._way, self._ledger), detached=self._detached)
        await job.open()
        self._jobs[listener.route.job_id] = job

    async def end(self, job_id: str, grace_s: float = _GRACE_S) -> None:
        """Close a job's socket and tell when its calls are over and its rows durable.

        What the upstream was asked and has not answered gets `grace_s`, though its client is gone: it is paid.
        """
        job = self._jobs.pop(job_id, None)
        if job is not None:
            await job.aclose(grace_s)
        await self._ledger.settled()
        self._tell(Ended(job_id))

    async def aclose(self) -> None:
        """End every job; what cannot be written down has been told to whoever hears of failures."""
        with suppress(BooksError):
            await asyncio.gather(*(self.end(job_id, _LAST_GRACE_S) for job_id in tuple(self._jobs)))


class _Job:
    """One job's socket."""

    def __init__(self, listener: Listener, handler: Handler, *, detached: bool) -> None:
        self._listener = listener
        self._handler = handler
        # The low-level server: an Application's routes and signals would cost a fifth of a call.
        self._server = web.Server(handler, handler_cancellation=not detached, access_log=None)
        self._closing = AsyncExitStack()

    async def open(self) -> None:
        runner = web.ServerRunner(self._server, shutdown_timeout=_SHUTDOWN_S)
        listener = self._listener
        async with AsyncExitStack() as stack:
            opened = stack.enter_context(listen(listener.socket))
            stack.callback(remove, listener.socket, listener.socket.lstat())
            give_to_job(listener.socket, listener.route.uid, listener.route.gid)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            site = web.SockSite(runner, opened, backlog=1024)
            await site.start()
            self._stop_listening = site.stop
            self._closing = stack.pop_all()

    async def aclose(self, grace_s: float) -> None:
        await self._stop_listening()
        for connection in self._server.connections:
            connection.force_close()
        await self._handler.ended(grace_s)
        await self._closing.aclose()
