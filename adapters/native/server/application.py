"""The HTTP side: which path is which operation, what is answered while the model is being loaded, and errors."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass

from aiohttp import web

from adapters.native.server import wire
from adapters.native.server.desk import Desk
from adapters.native.server.errors import (
    FailedError,
    MethodError,
    RefusedError,
    TooLargeError,
    UnavailableError,
    UnknownError,
)
from adapters.native.server.prepare import Preparation, Prepared
from adapters.native.server.replies import Replier
from adapters.native.server.request import MAX_BODY, ChatRequest, CompletionRequest, Generation, read_request
from adapters.native.server.vocabulary import Vocabulary

_JSON = "application/json"
_POSTED = ("/v1/chat/completions", "/v1/completions")


@dataclass(frozen=True)
class Card:
    """What the server says of its model in /v1/models: the same for the same weights and settings, at any time."""

    name: str
    root: str
    context: int | None
    facts: Mapping[str, str]

    def entry(self) -> wire.Body:
        """Return the entry; `created` says nothing, for it must not change from start to start."""
        return {
            "id": self.name,
            "object": "model",
            "created": 0,
            "owned_by": "evaldock",
            "root": self.root,
            "max_model_len": self.context,
            "meta": dict(self.facts),
        }


@dataclass(frozen=True)
class Model:
    """A model that is loaded, as requests see it."""

    card: Card
    vocabulary: Vocabulary


class Application:
    """Answers requests; until `ready` was called there is no model."""

    def __init__(self, desk: Desk) -> None:
        """Begin without a model."""
        self._desk = desk
        self._model: Model | None = None
        # One thread for tokens: tokenizers are not made for several, and the event loop must not wait for them.
        self._tokens = ThreadPoolExecutor(1, "tokens")
        self.web = web.Application(client_max_size=MAX_BODY)
        self.web.router.add_route("*", "/{path:.*}", self._handle)

    def ready(self, model: Model) -> None:
        """Answer from now on."""
        self._model = model

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._answer(request)
        except RefusedError as error:
            return refusal(error)
        except ConnectionError:  # the client left while it was written to
            return web.Response(status=499)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path.rstrip("/")
        if path == "/health":
            self._loaded()
            return web.json_response({"status": "ok", "under_way": self._desk.under_way})
        if path == "/v1/models" or path.startswith("/v1/models/"):
            _require(request, "GET")
            return self._list(path.removeprefix("/v1/models").removeprefix("/"))
        if path not in _POSTED:
            raise UnknownError(f"no {path}; there is {', '.join(_POSTED)}, /v1/models, /health", code="unknown_url")
        _require(request, "POST")
        return await self._complete(request, chat=path == _POSTED[0])

    def _loaded(self) -> Model:
        if self._desk.lost:
            raise FailedError(self._desk.lost)
        if self._model is None:
            raise UnavailableError("the model is being loaded", code="loading")
        return self._model

    def _list(self, name: str) -> web.Response:
        card = self._loaded().card
        if not name:
            return web.json_response({"object": "list", "data": [card.entry()]})
        if name != card.name:
            raise UnknownError(f"there is no model {name!r}", code="model_not_found", param="model")
        return web.json_response(card.entry())

    async def _complete(self, request: web.Request, *, chat: bool) -> web.StreamResponse:
        model = self._loaded()
        body = await _body(request)
        prepare = _prepared_chat if chat else _prepared_completion
        preparation = Preparation(model.vocabulary, model.card.context)
        asked, prepared = await asyncio.get_running_loop().run_in_executor(self._tokens, prepare, preparation, body)
        replier = Replier(self._desk, model.vocabulary, model.card.name)
        if asked.stream:
            return await _stream(request, replier, prepared, with_usage=asked.with_usage)
        return web.Response(body=wire.dumps(await replier.whole(prepared)), content_type=_JSON)

    def close(self) -> None:
        """End the thread for tokens."""
        self._tokens.shutdown(wait=False, cancel_futures=True)


def _prepared_chat(preparation: Preparation, body: bytes) -> tuple[Generation, Prepared]:
    request = read_request(ChatRequest, body)
    return request, preparation.chat(request)


def _prepared_completion(preparation: Preparation, body: bytes) -> tuple[Generation, Prepared]:
    request = read_request(CompletionRequest, body)
    return request, preparation.completion(request)


def refusal(error: RefusedError) -> web.Response:
    """Return what a client is told."""
    body = wire.error(error.message, kind=error.kind, code=error.code, param=error.param)
    return web.Response(body=wire.dumps(body), status=error.status, content_type=_JSON, headers=dict(error.headers))


def _require(request: web.Request, method: str) -> None:
    if request.method != method:
        raise MethodError(f"{request.path} is asked with {method}", method)


async def _body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        message = f"the request's body is larger than {MAX_BODY >> 20} MiB"
        raise TooLargeError(message, code="request_too_large") from error
    except web.RequestPayloadError as error:
        raise RefusedError("the request's body is not encoded as its headers say") from error


async def _stream(
    request: web.Request, replier: Replier, prepared: Prepared, *, with_usage: bool
) -> web.StreamResponse:
    """Send events as they come; what is wrong before the first is an ordinary error, afterwards an event."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    async with aclosing(replier.events(prepared, with_usage=with_usage)) as events:
        first = await anext(events)
        await response.prepare(request)
        await response.write(first)
        try:
            async for event in events:
                await response.write(event)
        except FailedError as error:
            body = wire.error(error.message, kind=error.kind, code=error.code, param=error.param)
            await response.write(wire.event(body))
    await response.write_eof()
    return response
