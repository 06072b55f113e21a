"""Replies as OpenAI writes them: one JSON object, or the events of a stream. Pure."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from hub.mock.reply import Call, Choice, Reply, Scored

CREATED = 1_700_000_000  # fixed: the same request has the same answer, byte for byte
DONE = b"data: [DONE]\n\n"
Body = dict[str, Any]


class Event(NamedTuple):
    """One event of a stream, and after how many tokens of the longest choice it is due."""

    data: bytes
    due: int


def dumps(body: Mapping[str, Any]) -> bytes:
    """Return compact JSON."""
    return json.dumps(body, separators=(",", ":")).encode()


def whole(reply: Reply) -> Body:
    """Return the one object."""
    make = _chat_choice if reply.kind == "chat" else _text_choice
    return {
        "id": reply.id,
        "object": "chat.completion" if reply.kind == "chat" else "text_completion",
        "created": CREATED,
        "model": reply.model,
        "choices": [make(choice, legacy=reply.legacy) for choice in reply.choices],
        "usage": _usage(reply),
        "system_fingerprint": "mock",
    }


def events(reply: Reply, *, with_usage: bool) -> Iterator[Event]:
    """Yield a stream's events: choices take turns, then their ends, the usage where asked for, and [DONE]."""
    more = {"usage": None} if with_usage else {}
    if reply.kind == "chat":
        for choice in reply.choices:
            delta = {"role": "assistant", "content": None if choice.calls else ""}
            yield Event(_event(reply, _delta(choice, delta), more), 0)
    for due, pieces in enumerate(zip_longest(*(_pieces(reply, choice) for choice in reply.choices)), 1):
        for piece in pieces:
            if piece is not None:
                yield Event(_event(reply, piece, more), due)
    last = reply.longest
    for choice in reply.choices:
        yield Event(_event(reply, _end(reply, choice), more), last)
    if with_usage:
        yield Event(_event(reply, None, {"usage": _usage(reply)}), last)
    yield Event(DONE, last)


def _event(reply: Reply, choice: Body | None, more: Mapping[str, Any]) -> bytes:
    body = {
        "id": reply.id,
        "object": "chat.completion.chunk" if reply.kind == "chat" else "text_completion",
        "created": CREATED,
        "model": reply.model,
        "system_fingerprint": "mock",
        "choices": [] if choice is None else [choice],
        **more,
    }
    return b"data: " + dumps(body) + b"\n\n"


def _pieces(reply: Reply, choice: Choice) -> Iterator[Body]:
    if reply.kind == "chat":
        yield from (_delta(choice, delta) for delta in _call_deltas(choice, legacy=reply.legacy))
    offset = 0
    for place, token in enumerate(choice.tokens):
        scored = choice.scored[place : place + 1] if choice.scored is not None else None
        if reply.kind == "chat":
            yield _delta(choice, {"content": token}, _chat_logprobs(scored))
        else:
            yield _text_piece(choice, token, _text_logprobs(scored, offset))
        offset += len(token)


def _end(reply: Reply, choice: Choice) -> Body:
    piece = _delta(choice, {}) if reply.kind == "chat" else _text_piece(choice, "", None)
    return {**piece, "finish_reason": choice.reason}


def _delta(choice: Choice, delta: Body, logprobs: Body | None = None) -> Body:
    return {"index": choice.index, "delta": delta, "logprobs": logprobs, "finish_reason": None}


def _text_piece(choice: Choice, text: str, logprobs: Body | None) -> Body:
    return {"index": choice.index, "text": text, "logprobs": logprobs, "finish_reason": None}


def _call_deltas(choice: Choice, *, legacy: bool) -> Iterator[Body]:
    """Yield each call's name, then its arguments in two halves, as real servers cut them anywhere."""
    for number, call in enumerate(choice.calls):
        middle = len(call.arguments) // 2
        halves = (call.arguments[:middle], call.arguments[middle:])
        if legacy:
            yield {"function_call": {"name": call.name, "arguments": ""}}
            yield from ({"function_call": {"arguments": half}} for half in halves)
            continue
        yield {"tool_calls": [{"index": number, **_call(call._replace(arguments=""))}]}
        for half in halves:
            yield {"tool_calls": [{"index": number, "function": {"arguments": half}}]}


def _chat_choice(choice: Choice, *, legacy: bool) -> Body:
    message: Body = {"role": "assistant", "content": None if choice.calls else choice.text, "refusal": None}
    if choice.calls and legacy:
        message["function_call"] = {"name": choice.calls[0].name, "arguments": choice.calls[0].arguments}
    elif choice.calls:
        message["tool_calls"] = [_call(call) for call in choice.calls]
    logprobs = _chat_logprobs(choice.scored)
    return {"index": choice.index, "message": message, "logprobs": logprobs, "finish_reason": choice.reason}


def _call(call: Call) -> Body:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _text_choice(choice: Choice, *, legacy: bool) -> Body:  # noqa: ARG001 - the same call for both kinds
    logprobs = _text_logprobs(choice.scored, 0)
    return {"index": choice.index, "text": choice.text, "logprobs": logprobs, "finish_reason": choice.reason}


def _chat_logprobs(scored: Sequence[Scored] | None) -> Body | None:
    if scored is None:
        return None
    entries = [
        {**_token(entry.token, entry.logprob), "top_logprobs": [_token(*pair) for pair in entry.top]}
        for entry in scored
    ]
    return {"content": entries, "refusal": None}


def _token(token: str, logprob: float | None) -> Body:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode("utf-8", "replace"))}


def _text_logprobs(scored: Sequence[Scored] | None, offset: int) -> Body | None:
    if scored is None:
        return None
    offsets = []
    for entry in scored:
        offsets.append(offset)
        offset += len(entry.token)
    return {
        "tokens": [entry.token for entry in scored],
        "token_logprobs": [entry.logprob for entry in scored],
        "top_logprobs": [None if entry.logprob is None else dict(entry.top) for entry in scored],
        "text_offset": offsets,
    }


def _usage(reply: Reply) -> Body:
    return usage(reply.prompt_tokens, reply.completion_tokens)


def usage(prompt: int, completion: int) -> Body:
    """Return the usage object."""
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def embeddings(model: str, vectors: Sequence[Sequence[float]], prompt_tokens: int, *, packed: bool) -> Body:
    """Return the answer of /v1/embeddings; `packed`: base64 of little-endian 32-bit floats."""
    shown = [_packed(vector) if packed else list(vector) for vector in vectors]
    data = [{"object": "embedding", "index": place, "embedding": vector} for place, vector in enumerate(shown)]
    total = {"prompt_tokens": prompt_tokens, "total_tokens": prompt_tokens}
    return {"object": "list", "model": model, "data": data, "usage": total}


def _packed(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def model(name: str) -> Body:
    """Return one entry of /v1/models."""
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "evaldock"}


def error(message: str, *, kind: str, code: str | None = None, param: str | None = None) -> Body:
    """Return an error as OpenAI writes it."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}
