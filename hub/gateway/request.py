"""Reading what a client asks: /<role>/<dataset>/v1/<operation> and a JSON body. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import get_args
from urllib.parse import unquote

from hub.gateway.call import MAX_BODY, Failure, Operation

_MAX_NAME = 512


@dataclass(frozen=True)
class Target:
    """Where a call goes."""

    role: str
    dataset: str
    operation: Operation
    query: str


@lru_cache(1024)  # a job asks few paths, many times
def read_target(method: str, raw_path: str, roles: frozenset[str]) -> Target | Failure:
    """Return the target of a raw (still quoted) path, or what is wrong with it and what there is instead."""
    path, _, query = raw_path.partition("?")
    parts = path.lstrip("/").split("/", 3)
    operation = _operation(parts[3]) if len(parts) == 4 and parts[2] == "v1" else None
    if operation is None or not parts[1] or len(parts[1]) > _MAX_NAME:
        there = ", ".join(get_args(Operation))
        return _refusal(
            404, "unknown_path", f"no such path; there is /<role>/<dataset>/v1/ followed by one of: {there}"
        )
    role, dataset = unquote(parts[0]), unquote(parts[1])
    if role not in roles:
        return _refusal(404, "unknown_role", f"this job has no role {role!r}; it has: {', '.join(sorted(roles))}")
    allowed = "GET" if operation == "models" else "POST"
    if method != allowed:
        message = f"{operation} is asked with {allowed}, not {method}"
        return Failure(405, "invalid_request_error", "wrong_method", message, headers=(("Allow", allowed),))
    return Target(role, dataset, operation, query)


def read_fields(body: bytes | bytearray) -> dict[str, object] | Failure:
    """Return the JSON object that a client sent."""
    try:
        found = json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        return _refusal(400, "not_json", f"the request's body is not JSON: {error}")
    if not isinstance(found, dict):
        return _refusal(400, "not_an_object", "the request's body is JSON, but no object")
    return found


def too_large() -> Failure:
    """Return the refusal of a body over the limit."""
    return _refusal(413, "too_large", f"the request's body is larger than {MAX_BODY >> 20} MiB")


def unreadable() -> Failure:
    """Return the refusal of a body that is not what its headers say."""
    return _refusal(400, "unreadable", "the request's body is not encoded as its headers say")


def _operation(text: str) -> Operation | None:
    return next((known for known in get_args(Operation) if known == text.rstrip("/")), None)


def _refusal(status: int, code: str, message: str) -> Failure:
    return Failure(status, "invalid_request_error", code, message)
