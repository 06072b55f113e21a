"""The mock's HTTP server: which path is which operation, who may ask, what goes wrong, when it is sent."""

from __future__ import annotations

import asyncio
import hmac
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import get_args

from aiohttp import web

from hub.mock import wire
from hub.mock.answers import Answers, echo
from hub.mock.compose import Answerer
from hub.mock.faults import FaultPlan, Faults
from hub.mock.journal import Entry, Journal
from hub.mock.misbehave import misbehave
from hub.mock.operations import Operation, Prepared, prepare
from hub.mock.pace import Pace, Queue, until
from hub.mock.request import MAX_BODY, BadRequestError

_BACKLOG = 1024
_SHUTDOWN_S = 0.2
_JSON = "application/json"


@dataclass(frozen=True)
class MockOptions:
    """Everything that a mock server does.

    Attributes:
        models: what /v1/models lists; requests may name any model.
        key: what clients must send as their bearer token; empty: nothing.
    """

    answers: Answerer = field(default_factory=lambda: Answers(echo))
    faults: FaultPlan = field(default_factory=FaultPlan)
    pace: Pace = field(default_factory=Pace)
    models: tuple[str, ...] = ("mock",)
    key: str = ""


@asynccontextmanager
async def serving(options: MockOptions, journal: Journal, listener: socket.socket) -> AsyncIterator[None]:
    """Serve on a bound socket until the context ends; requests under way are then broken off."""
    application = web.Application(client_max_size=MAX_BODY)
    application.router.add_route("*", "/{path:.*}", _Handler(options, journal).handle)
    runner = web.AppRunner(
        application,
        access_log=None,
        handle_signals=False,
        handler_cancellation=True,
        logger=_one_line_logger(),
        shutdown_timeout=_SHUTDOWN_S,
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listener, backlog=_BACKLOG).start()
        yield
    finally:
        await runner.cleanup()


def _one_line_logger() -> logging.Logger:
    """Return a logger for what aiohttp says about broken connections and bodies: no user meets a traceback."""
    logger = logging.getLogger("evaldock.mock")
    logger.filters[:] = [_shorten]
    return logger


def _shorten(record: logging.LogRecord) -> bool:
    if record.exc_info:
        record.msg, record.args = "%s: %s", (record.getMessage(), record.exc_info[1])
        record.exc_info = None
    return record.levelno >= logging.WARNING


class _RefusedError(Exception):
    """A request that gets an error: its status, and the error's fields."""

    def __init__(self, status: int, message: str, code: str, *, param: str | None = None, allow: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.headers = {"Allow": allow} if allow else {}
        self.body = wire.error(message, kind="invalid_request_error", code=code, param=param)


class _Handler:
    def __init__(self, options: MockOptions, journal: Journal) -> None:
        self._options = options
        self._journal = journal
        self._faults = Faults(options.faults)
        self._queue = Queue(options.pace.concurrency)
        self._models = {name: wire.model(name) for name in options.models}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/healthz":
            return _json({"status": "ok"})
        entry = Entry(request.method, request.path)
        try:
            response = await self._answer(request, entry)
            entry.status = response.status
            return response
        except _RefusedError as error:
            entry.status, entry.error = error.status, str(error)
            return _json(error.body, status=error.status, headers=error.headers)
        except ConnectionError:  # the client left while it was written to
            return web.Response(status=entry.status)
        finally:
            self._journal.note(entry)

    async def _answer(self, request: web.Request, entry: Entry) -> web.StreamResponse:
        self._admit(request)
        operation = request.path.rstrip("/").removeprefix("/v1/").removeprefix("/")
        if operation == "models" or operation.startswith("models/"):
            return self._list(request, operation)
        for known in get_args(Operation):
            if operation == known:
                _require(request, "POST")
                return await self._perform(request, known, entry)
        there = ", ".join(f"/v1/{name}" for name in (*get_args(Operation), "models"))
        raise _RefusedError(404, f"no {request.path}; there is {there}", "unknown_url")

    def _admit(self, request: web.Request) -> None:
        key = self._options.key
        given = request.headers.get("Authorization", "") if key else ""
        if key and not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), f"Bearer {key}".encode()):
            message = (
                "Incorrect API key provided." if given else "No API key provided: send Authorization: Bearer KEY."
            )
            raise _RefusedError(401, message, "invalid_api_key")

    def _list(self, request: web.Request, operation: str) -> web.Response:
        _require(request, "GET")
        _, _, name = operation.partition("/")
        if not name:
            return _json({"object": "list", "data": list(self._models.values())})
        if name not in self._models:
            raise _RefusedError(404, f"The model {name!r} does not exist", "model_not_found", param="model")
        return _json(self._models[name])

    async def _perform(self, request: web.Request, operation: Operation, entry: Entry) -> web.StreamResponse:
        body = await _body(request)
        try:
            prepared = prepare(operation, body, self._options.answers)
        except BadRequestError as error:
            raise _RefusedError(400, error.message, "invalid_value", param=error.param) from error
        entry.take(prepared)
        fault = self._faults.pick(prepared.model, body)
        if fault:
            entry.befall(fault)
            return await misbehave(request, fault, prepared, self._options.faults.retry_after_s)
        async with self._queue.place():
            first_s = self._options.pace.first_s(body)
            if prepared.events:
                return await _stream(request, prepared, self._options.pace, first_s)
            await until(asyncio.get_running_loop().time() + self._options.pace.due_s(first_s, prepared.longest))
            return web.Response(body=prepared.body, content_type=_JSON)


def _require(request: web.Request, method: str) -> None:
    if request.method != method:
        raise _RefusedError(405, f"{request.path} is asked with {method}", "method_not_allowed", allow=method)


async def _body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        message = f"the request's body is larger than {MAX_BODY >> 20} MiB"
        raise _RefusedError(413, message, "request_too_large") from error
    except web.RequestPayloadError as error:
        message = "the request's body is not encoded as its headers say"
        raise _RefusedError(400, message, "invalid_value") from error


async def _stream(request: web.Request, prepared: Prepared, pace: Pace, first_s: float) -> web.StreamResponse:
    """Send every event when it is due; those that are due together go together."""
    began = asyncio.get_running_loop().time()
    response = web.StreamResponse()
    response.content_type = "text/event-stream"
    response.headers["Cache-Control"] = "no-cache"
    await response.prepare(request)
    waiting, due_s = b"", first_s
    for event in prepared.events:
        if pace.due_s(first_s, event.due) > due_s:
            await until(began + due_s)
            await response.write(waiting)
            waiting, due_s = b"", pace.due_s(first_s, event.due)
        waiting += event.data
    await until(began + due_s)
    await response.write(waiting)
    await response.write_eof()
    return response


def _json(body: wire.Body, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, body=wire.dumps(body), content_type=_JSON, headers=headers)
