"""Which functions the mock calls: the one it is told to, or those that the user's words name."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hub.mock import draw
from hub.mock.answers import Asked, Called
from hub.mock.example import example
from hub.mock.reply import Call
from hub.mock.request import ChatRequest, Function, NamedFunction, ToolChoice

_SHOWN = 200


def calls_of(request: ChatRequest, text: str, index: int) -> tuple[Call, ...]:
    """Return the calls that answer a request; none: it is answered by a text.

    Forced (`required`, or by name): always one. `auto`: those whose names occur in the user's last turn, with `_`
    written as such or as a blank; after a tool's result there is nothing left to call.
    """
    if request.messages[-1].role in {"tool", "function"} and not _forced(request):
        return ()
    chosen = _chosen(request, _functions(request), text)
    if request.parallel_tool_calls is False or is_legacy(request):
        chosen = chosen[:1]
    return tuple(_call(function, text, index) for function in chosen)


def offered(request: ChatRequest) -> frozenset[str]:
    """Return the names of the functions that may be called: of one that must be, that alone."""
    choice = request.function_call if is_legacy(request) else request.tool_choice
    match choice:
        case "none":
            return frozenset()
        case ToolChoice():
            return frozenset((choice.function.name,))
        case NamedFunction():
            return frozenset((choice.name,))
        case _:
            return frozenset(function.name for function in _functions(request))


def named_call(known: Called, asked: Asked) -> Call:
    """Return the call of a function that is known, with an id of its own place in the conversation."""
    return Call(_id(known.name, asked.text, len(asked.turns), asked.index), known.name, known.arguments)


def is_legacy(request: ChatRequest) -> bool:
    """Return whether a request speaks of functions rather than tools."""
    return bool(request.functions) and not request.tools


def _functions(request: ChatRequest) -> list[Function]:
    return [tool.function for tool in request.tools or () if tool.function] or list(request.functions or ())


def _forced(request: ChatRequest) -> bool:
    named = isinstance(request.tool_choice, ToolChoice) or isinstance(request.function_call, NamedFunction)
    return named or request.tool_choice == "required"


def _chosen(request: ChatRequest, functions: Sequence[Function], text: str) -> list[Function]:
    choice = request.function_call if is_legacy(request) else request.tool_choice
    name = None
    match choice:
        case "none":
            return []
        case ToolChoice():
            name = choice.function.name
        case NamedFunction():
            name = choice.name
        case _:
            pass
    if name is not None:
        return [function for function in functions if function.name == name][:1]
    words = text.casefold()
    named = [function for function in functions if _occurs(function.name.casefold(), words)]
    return named or (list(functions[:1]) if choice == "required" else [])


def _occurs(name: str, words: str) -> bool:
    return name in words or name.replace("_", " ") in words


def _call(function: Function, text: str, index: int) -> Call:
    arguments = example(function.parameters or {"type": "object"}, text[:_SHOWN])
    written = json.dumps(arguments if isinstance(arguments, dict) else {})
    return Call(_id(function.name, text, index), function.name, written)


def _id(*source: object) -> str:
    return f"call_{draw.digest(*source).hex()[:24]}"
