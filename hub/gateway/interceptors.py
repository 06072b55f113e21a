"""Changes of requests and answers that the task file asks for, in its order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from hub.gateway.call import Answer, Call, Failure, Operation, Step
from hub.gateway.config import Interceptor
from hub.gateway.stripping import without_reasoning

Fields = Mapping[str, object]
_LENGTHS = ("max_tokens", "max_completion_tokens")
_SYSTEM = frozenset({"system", "developer"})


def with_interceptors(following: Step) -> Step:
    """Change the request before everything else looks at it, and the answer after everything else did."""

    async def step(call: Call) -> Answer:
        asked = call.upstream.interceptors
        if not asked:
            return await following(call)
        fields = changed(call.fields, call.operation, asked)
        if isinstance(fields, Failure):
            return Answer.failed(fields)
        answer = await following(replace(call, fields=fields))
        # An echoed prompt may hold the marks itself.
        strips = not fields.get("echo") and any(each.kind == "reasoning" and each.value == "strip" for each in asked)
        return without_reasoning(call, answer) if strips else answer

    return step


def changed(fields: Fields, operation: Operation, asked: tuple[Interceptor, ...]) -> Fields | Failure:
    """Return a request's JSON as the upstream is to get it, or why it cannot be changed so."""
    for interceptor in asked:
        value = interceptor.value
        match interceptor.kind:
            case "drop":
                fields = {name: found for name, found in fields.items() if name not in value}
            case "add":
                fields = {**fields, **value}
            case "rename":
                fields = _renamed(fields, value)
            case "max_tokens" if operation != "embeddings":
                fields = _shortened(fields, value)
            case "system_prompt" if operation == "completions":
                return _no_system_prompt()
            case "system_prompt" if operation == "chat/completions":
                fields = {**fields, "messages": _prompted(fields.get("messages"), value)}
            case _:
                pass
    return fields


def _renamed(fields: Fields, names: Mapping[str, str]) -> Fields:
    """Return the fields under their new names; what is there under such a name already makes way."""
    kept = {name: value for name, value in fields.items() if name not in names}
    return {**kept, **{new: fields[old] for old, new in names.items() if old in fields}}


def _shortened(fields: Fields, most: int) -> Fields:
    """Return the fields with no longer answer asked for than `most`; servers take -1 for no limit."""
    stated = [name for name in _LENGTHS if fields.get(name) is not None] or [_LENGTHS[0]]
    return {**fields, **{name: _at_most(fields.get(name), most) for name in stated}}


def _at_most(asked: object, most: int) -> object:
    short = isinstance(asked, int) and 0 <= asked <= most
    return asked if short else most


def _prompted(messages: object, prompt: str) -> object:
    """Return the messages with `prompt` first; what is no list of messages is for the upstream to refuse."""
    if not isinstance(messages, list):
        return messages
    first = cast("list[object]", messages)[:1]
    theirs = bool(first) and isinstance(first[0], dict) and first[0].get("role") in _SYSTEM
    return [{"role": "system", "content": prompt}, *messages[1 if theirs else 0 :]]


def _no_system_prompt() -> Failure:
    message = (
        "gateway.interceptors: system_prompt is for chat, and this request completes a text, which has no place "
        "for it; leave it out, or evaluate data sets that chat"
    )
    return Failure(400, "invalid_request_error", "no_system_prompt", message)
