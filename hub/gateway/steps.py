"""What happens to a call between its arrival and the upstream, as small steps around one another."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack

from hub.gateway import failures
from hub.gateway.call import Answer, Call, Step
from hub.gateway.config import Upstream

_MODELS_TIMEOUT_S = 5.0
Places = Mapping[tuple[str, str], asyncio.Semaphore]


def assemble(send: Step, upstreams: Iterable[Upstream], *, with_answers: Callable[[Step], Step]) -> Step:
    """Return the way of a call, the outermost step first: every new step has its place in this line."""
    return with_model_list(with_answers(with_place(within_deadline(send), places(upstreams))))


def places(upstreams: Iterable[Upstream]) -> Places:
    """Return how many calls at a time each server and model takes: the smallest number that a job names."""
    limits: dict[tuple[str, str], int] = {}
    for upstream in upstreams:
        known = limits.get(_place(upstream), upstream.concurrency)
        limits[_place(upstream)] = min(known, upstream.concurrency)
    return {place: asyncio.Semaphore(limit) for place, limit in limits.items()}


def with_place(following: Step, free: Places) -> Step:
    """Wait for a free place at the upstream and keep it until the answer, or its stream, has ended."""

    async def step(call: Call) -> Answer:
        place = free[_place(call.upstream)]
        try:
            await asyncio.wait_for(place.acquire(), call.time_left_s())
        except asyncio.TimeoutError:
            return Answer.failed(failures.waited_too_long(call.upstream))
        async with AsyncExitStack() as stack:
            stack.callback(place.release)
            answer = await following(call)
            if answer.rest is not None:
                call.closing.push_async_callback(stack.pop_all().aclose)
        return answer

    return step


def within_deadline(following: Step) -> Step:
    """Give up on an upstream that is silent; the end of a stream is watched where it is delivered."""

    async def step(call: Call) -> Answer:
        try:
            return await asyncio.wait_for(_coroutine(following, call), call.time_left_s())
        except asyncio.TimeoutError:
            return Answer.failed(failures.took_too_long(call.upstream))

    return step


def with_model_list(following: Step) -> Step:
    """Answer `models` ourselves where the upstream does not, and soon: many clients ask before they begin."""

    async def step(call: Call) -> Answer:
        if call.operation != "models":
            return await following(call)
        try:
            timeout_s = min(_MODELS_TIMEOUT_S, call.time_left_s() / 2)
            answer = await asyncio.wait_for(_coroutine(following, call), timeout_s)
        except asyncio.TimeoutError:
            return _model_list(call.upstream.model)
        return _model_list(call.upstream.model) if answer.failure else answer

    return step


def _model_list(model: str) -> Answer:
    entry = {"id": model, "object": "model", "created": 0, "owned_by": "evaldock"}
    body = json.dumps({"object": "list", "data": [entry]}).encode()
    return Answer(200, (("Content-Type", "application/json"),), body)


async def _coroutine(step: Step, call: Call) -> Answer:
    return await step(call)


def _place(upstream: Upstream) -> tuple[str, str]:
    return upstream.base_url, upstream.model
