"""Judging a whole answer of an upstream: passed on as it is, or told as what it really is. Pure."""

from __future__ import annotations

import json

from hub.gateway import failures
from hub.gateway.call import Answer, Call, Headers, Key, Operation
from hub.gateway.tokens import usage_in

# The list that an answer must have; an answer with an empty one answers nothing.
_LISTS: dict[Operation, str] = {
    "chat/completions": "choices",
    "completions": "choices",
    "embeddings": "data",
    "models": "data",
}


def judge_reply(call: Call, status: int, headers: Headers, body: bytes, *, key: Key | None) -> Answer:
    """Return the answer for the client: `body` unchanged where it is one, else a failure."""
    if 300 <= status < 400:
        location = next((value for name, value in headers if name.lower() == "location"), "")
        return Answer.failed(failures.redirected(call.upstream, location))
    if status >= 400:
        return Answer.failed(failures.from_status(status, headers, body, call.upstream, key))
    try:
        found = json.loads(body.decode())
    except (ValueError, RecursionError):
        what = "HTML" if body.lstrip()[:1] == b"<" else "something other than whole JSON"
        return Answer.failed(failures.invalid(call.upstream, "not_json", f"answered {status} with {what}"))
    if isinstance(found, dict) and found.get("error") and not found.get(_LISTS[call.operation]):
        return Answer.failed(failures.from_status(status, headers, body, call.upstream, key))
    entries = found.get(_LISTS[call.operation]) if isinstance(found, dict) else None
    if not isinstance(entries, list) or not entries:
        what = f"answered {status} with JSON that has no {_LISTS[call.operation]!r}"
        return Answer.failed(failures.invalid(call.upstream, "no_answer", what))
    typed = (
        ("Content-Type", "application/json"),
        *(pair for pair in headers if pair[0].lower() != "content-type"),
    )
    return Answer(status, typed, key.scrub_bytes(body) if key else body, usage=usage_in(found.get("usage")))
