"""A stream for a client that asked for one and whose upstream answered whole: of that it would read nothing."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from typing import Any

from hub.gateway.call import Answer, Call, Failure, Step

Json = dict[str, Any]
_EVENTS = (("Content-Type", "text/event-stream"),)
_CHAT = "chat.completion"


def as_stream(following: Step) -> Step:
    """Turn a whole answer into events for who asked for a stream."""

    async def step(call: Call) -> Answer:
        answer = await following(call)
        asked = call.fields.get("stream") and call.operation in {"chat/completions", "completions"}
        if not asked or answer.rest is not None or answer.failure is not None:
            return answer
        headers = tuple(pair for pair in answer.headers if pair[0].lower() != "content-type")
        whole = replace(answer, headers=(*headers, *_EVENTS), body=events_of(answer.body, call.fields))
        return whole.with_rest(call, _nothing())

    return step


def events_of(body: bytes, fields: Mapping[str, object]) -> bytes:
    """Return the events that say what the JSON `body` says: the choices, their ends, and the usage if asked for."""
    found: Json = json.loads(body)
    shared = {name: value for name, value in found.items() if name not in {"choices", "usage"}}
    if shared.get("object") == _CHAT:
        shared["object"] = f"{_CHAT}.chunk"
    choices = [choice for choice in found["choices"] if isinstance(choice, dict)]
    events: list[Json] = [
        {**shared, "choices": [_begun(choice) for choice in choices]},
        {**shared, "choices": [_ended(choice) for choice in choices]},
    ]
    options = fields.get("stream_options")
    if isinstance(options, dict) and options.get("include_usage"):
        events.append({**shared, "choices": [], "usage": found.get("usage")})
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events) + b"data: [DONE]\n\n"


def _begun(choice: Json) -> Json:
    """Return a choice of a stream's event with all of the text."""
    begun = {**choice, "finish_reason": None}
    message = begun.pop("message", None)
    if not isinstance(message, dict):
        return begun
    calls = message.get("tool_calls")
    if isinstance(calls, list):  # clients put a stream's calls together by their index
        calls = [{"index": index, **call} if isinstance(call, dict) else call for index, call in enumerate(calls)]
        message = {**message, "tool_calls": calls}
    return {**begun, "delta": message}


def _ended(choice: Json) -> Json:
    shape: Json = {"delta": {}} if "message" in choice else {"text": ""}
    return {"index": choice.get("index", 0), **shape, "finish_reason": choice.get("finish_reason") or "stop"}


async def _nothing() -> AsyncGenerator[bytes | Failure, None]:
    return
    yield b""
