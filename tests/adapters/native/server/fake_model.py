"""A model without weights: characters are tokens, and an answer is what a function makes of a prompt."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from adapters.native.server.application import Card, Model
from adapters.native.server.errors import RefusedError
from adapters.native.server.request import Message
from adapters.native.server.serve import Loaded, serve
from adapters.native.server.settings import Settings
from adapters.native.server.vocabulary import Conversation, turn
from adapters.native.server.work import Progress, Scored, Work

END = 0


class FakeVocabulary:
    """Characters are tokens; a special one (0x1) is no text."""

    size = 1000
    template = "<tool_call>"

    def encode(self, text: str) -> tuple[int, ...]:
        return tuple(map(ord, text)) or (1,)

    def chat(
        self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], more: Mapping[str, Any], begun: str
    ) -> Conversation:
        if messages[-1].content == "refuse":
            raise RefusedError("the model's chat template refuses this", param="messages")
        told = [json.dumps(turn(message)) for message in messages] if more.get("json") else []
        names = [tool["function"]["name"] for tool in tools]
        return Conversation(
            self.encode("".join([*told, *names, *(turn(message)["content"] for message in messages), begun]))
        )

    def decode(self, tokens: Sequence[int], *, specials: bool = False) -> str:
        return "".join(chr(token) for token in tokens if specials or token != 1)

    def spell(self, token: int) -> str:
        return chr(token)


@dataclass
class _UnderWay:
    work: Work
    text: list[int]
    done: int = 0


class FakeEngine:
    """Gives every work one token a step; `hold` keeps all steps back until it is set, `error` breaks them."""

    def __init__(self, say: Callable[[str], str] = lambda prompt: prompt[::-1]) -> None:
        self.works: dict[int, _UnderWay] = {}
        self.asked: list[Work] = []
        self.cancelled: list[int] = []
        self.together = 0
        self.hold = threading.Event()
        self.hold.set()
        self.error: Exception | None = None
        self._say = say

    def add(self, key: int, work: Work) -> None:
        self.asked.append(work)
        self.works[key] = _UnderWay(work, [*map(ord, self._say("".join(map(chr, work.tokens)))), END])

    def cancel(self, key: int) -> None:
        if self.works.pop(key, None):
            self.cancelled.append(key)

    def step(self) -> list[Progress]:
        assert self.hold.wait(60)
        if self.error:
            raise self.error
        self.together = max(self.together, len(self.works))
        found = [self._one(key, under_way) for key, under_way in self.works.items()]
        for progress in found:
            if progress.ended:
                del self.works[progress.key]
        return found

    def _one(self, key: int, under_way: _UnderWay) -> Progress:
        work, first = under_way.work, under_way.done == 0
        prompt = scored_prompt(work) if first and work.prompt_top is not None else ()
        if work.room == 0:
            return Progress(key, prompt, reason="length")
        token = under_way.text[under_way.done]
        under_way.done += 1
        if token == END:
            return Progress(key, prompt, reason="stop")
        tokens = (Scored(token, -0.5, ((token, -0.5), (ord("?"), -1.5))[: work.top or 0]),)
        return Progress(key, prompt, tokens, "length" if under_way.done == work.room else None)


def scored_prompt(work: Work) -> tuple[Scored, ...]:
    """Return a prompt whose n-th token has the log-probability -n."""
    alternatives = [((token, -float(place)),)[: work.prompt_top] for place, token in enumerate(work.tokens)]
    pairs = zip(work.tokens, alternatives, strict=True)
    return tuple(
        Scored(token, -float(place), top) if place else Scored(token) for place, (token, top) in enumerate(pairs)
    )


@asynccontextmanager
async def serving(
    folder: Path,
    engine: FakeEngine,
    *,
    most: int = 100,
    context: int = 100,
    load: Callable[[Settings], Loaded] | None = None,
) -> AsyncIterator[aiohttp.ClientSession]:
    """Serve a fake model on a unix socket, wait until it is ready, and yield a client."""
    path = folder / "server.sock"
    settings = Settings(weights="/models/m", name="m", most=most, socket=str(path))
    card = Card("m", "/models/m", context, {"digest": "sha256:1"})
    made = load or (lambda _: Loaded(engine, Model(card, FakeVocabulary())))
    task = asyncio.ensure_future(serve(settings, made))
    try:
        async with aiohttp.ClientSession("http://m", connector=aiohttp.UnixConnector(str(path), limit=0)) as client:
            await until(client, lambda health: health is not None if load is None else path.exists())
            yield client
    finally:
        engine.hold.set()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(client: aiohttp.ClientSession, wanted: Callable[[dict[str, Any] | None], bool]) -> None:
    """Ask after the server's health until it is as wanted; None: it has none."""
    while not wanted(await _health(client)):  # noqa: ASYNC110 - a server has no event to wait for
        await asyncio.sleep(0.001)


async def _health(client: aiohttp.ClientSession) -> dict[str, Any] | None:
    try:
        async with client.get("/health") as response:
            return await response.json() if response.status == 200 else None
    except aiohttp.ClientConnectionError:
        return None


async def under_way(client: aiohttp.ClientSession, count: int) -> None:
    """Wait until so many answers are under way."""
    await until(client, lambda health: health is not None and health["under_way"] == count)


async def post(client: aiohttp.ClientSession, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    async with client.post(f"/v1/{path}", json=body) as response:
        return response.status, await response.json()


async def streamed(client: aiohttp.ClientSession, path: str, **body: Any) -> list[dict[str, Any]]:
    """Return the chunks of a stream, which must end with [DONE]."""
    async with client.post(f"/v1/{path}", json={**body, "stream": True}) as response:
        assert response.headers["Content-Type"] == "text/event-stream", await response.text()
        events = (await response.text()).split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    return [json.loads(event.removeprefix("data: ")) for event in events[:-2]]
