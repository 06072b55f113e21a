"""Calls, and a model's server that plays a script, for steps without a network; `tests.fakes.clock` runs them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from typing import Any

from hub.gateway.call import Answer, Call, Failure
from hub.gateway.config import Retry, Upstream

ANSWER = Answer(200, (), b'{"choices": [{"message": {"content": "4"}}]}')
REFUSED = Failure(502, "upstream_unreachable", "connect", "the server of 'm' at a: cannot be reached: refused")
BROKEN = Failure(502, "upstream_error", "http_500", "the server of 'm' at a answered 500: out of memory")
BUSY = Failure(503, "upstream_error", "http_503", "the server of 'm' at a answered 503: loading")
BLAMED = Failure(400, "invalid_request_error", "too_long", "the server of 'm' at a answered 400: too long")
SILENT = Failure(504, "upstream_timeout", "timeout", "the server of 'm' at a: no whole answer in 300 s")


def limited(wait: str) -> Failure:
    """Return the failure of a server that asks for a pause."""
    return Failure(429, "upstream_error", "slow", "the server of 'm' at a answered 429: slow down",
                   headers=(("Retry-After", wait),))  # fmt: skip


def upstream(**changes: Any) -> Upstream:
    return Upstream(**{"base_url": "http://a/v1", "model": "m", "retry": Retry(), **changes})


def call(asked: Upstream | None = None, *, deadline_s: float | None = None, key: str = "", **changes: Any) -> Call:
    """Return a call that arrives now."""
    asked = asked or upstream()
    within_s = asked.deadline_s if deadline_s is None else deadline_s
    made = Call(**{
        "job_id": "job", "role": "candidate", "dataset": "arc", "operation": "chat/completions", "upstream": asked,
        "headers": {}, "fields": {"messages": [{"role": "user", "content": "2+2"}], "max_tokens": 8}, "query": "",
        "expires_at": _now() + within_s,
        "closing": AsyncExitStack(), **changes,
    })  # fmt: skip
    made.account.key = key
    return made


def _now() -> float:
    """Return the loop's time; what is pure is called without a loop."""
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return 0.0


class Server:
    """A step that does one thing of its script with each request, and the last one with all that follow.

    Attributes:
        sent_at: when each request came, by the loop's time since the first.
        peak: the most that were under way at a time.
    """

    def __init__(self, *script: Answer | Failure, latency_s: float = 0.0) -> None:
        self.script = list(script) or [ANSWER]
        self.latency_s = latency_s
        self.sent_at: list[float] = []
        self.calls: list[Call] = []
        self.peak = 0
        self._under_way = 0

    async def __call__(self, asked: Call) -> Answer:
        now = asyncio.get_running_loop().time()
        self._began = now if not self.sent_at else self._began
        self.sent_at.append(now - self._began)
        self.calls.append(asked)
        did = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        self._under_way += 1
        self.peak = max(self.peak, self._under_way)
        try:
            await asyncio.sleep(self.latency_s)
        finally:
            self._under_way -= 1
        return Answer.failed(did) if isinstance(did, Failure) else did


def said(content: str, **more: Any) -> Answer:
    """Return a whole answer to a chat."""
    return Answer(200, (), json.dumps({"choices": [{"index": 0, "message": {"content": content}}], **more}).encode())


def streamed(first: bytes, *pieces: bytes | Failure, pause_s: float = 0.0) -> Answer:
    """Return a stream of pieces."""

    async def rest() -> Any:
        for piece in pieces:
            await asyncio.sleep(pause_s)
            yield piece

    return Answer(200, (("Content-Type", "text/event-stream"),), first, rest=rest())


async def read(answer: Answer) -> list[bytes | Failure]:
    """Return all pieces of an answer."""
    rest = [piece async for piece in answer.rest] if answer.rest else []
    return [answer.body, *rest]


async def at_once(step: Callable[[Call], Any], calls: Iterable[Call]) -> list[Answer]:
    """Ask all at the same time; each call ends with its answer."""

    async def one(asked: Call) -> Answer:
        async with asked.closing:
            return await step(asked)

    return list(await asyncio.gather(*(one(asked) for asked in calls)))
