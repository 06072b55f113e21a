"""The program's side: run what a model wrote, then do with its names and objects what the tests ask.

All of it is in the program's hands once that runs. Nothing that it sends is believed beyond being a plain value.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from operator import getitem
from types import ModuleType
from typing import Any

from adapters.native.evaluator.sandbox.wire import WireError, decode, encode, receive, send

MODULE = "program"
_SHOWN = 300

_OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": lambda function, arguments, named: function(*arguments, **named),
    "get": getattr,
    "set": setattr,
    "item": getitem,
    "iter": list,
    "len": len,
    "str": str,
    "bool": bool,
}


def serve(source: str, requests: int, replies: int) -> None:
    """Run `source`, say how that went, and answer requests until there are no more."""
    module = ModuleType(MODULE)
    sys.modules[MODULE] = module  # dataclasses look their module up
    objects: list[Any] = [module]
    send(replies, _reply(lambda: exec(compile(source, f"<{MODULE}>", "exec"), vars(module)), objects))  # noqa: S102
    while (request := _next(requests)) is not None:
        send(replies, _reply(partial(_perform, request, objects), objects))


def _next(requests: int) -> dict[str, Any] | None:
    try:
        return dict(receive(requests))
    except WireError:
        return None


def _perform(request: dict[str, Any], objects: list[Any]) -> Any:
    arguments = decode(request["arguments"], objects.__getitem__)
    return _OPERATIONS[request["operation"]](objects[request["object"]], *arguments)


def _reply(work: Callable[[], Any], objects: list[Any]) -> dict[str, Any]:
    def keep(value: object) -> int:
        objects.append(value)
        return len(objects) - 1

    try:
        return {"value": encode(work(), keep)}
    except BaseException as error:  # noqa: BLE001 - whatever a program raises, its tests must hear of it
        return {"error": type(error).__name__, "message": str(error)[:_SHOWN]}
