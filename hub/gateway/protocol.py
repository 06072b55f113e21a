"""What the hub and the gateway's process tell each other, as lines of JSON: routes and orders there, news back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hub.gateway.config import Books, Interceptor, Listener, Prices, Retry, Route, Upstream, Verdict

READY = '{"event": "ready"}'


@dataclass(frozen=True)
class Begin:
    """The order to serve one more job, of upstreams that are known."""

    listener: Listener


@dataclass(frozen=True)
class End:
    """The order to end a job: close its socket, let its calls end, make its rows durable."""

    job_id: str


@dataclass(frozen=True)
class Begun:
    """The news that a job's socket accepts connections."""

    job_id: str


@dataclass(frozen=True)
class Ended:
    """The news that a job's calls are over and its rows durable."""

    job_id: str


Command = Begin | End
Event = Begun | Ended | Verdict


def encode_start(listeners: Iterable[Listener], books: Books) -> str:
    """Return the gateway's configuration: one line, no secret in it."""
    return json.dumps({"books": _plain(books), "jobs": [_plain(listener) for listener in listeners]})


def decode_start(line: str) -> tuple[tuple[Listener, ...], Books]:
    """Return what `encode_start` wrote."""
    found = json.loads(line)
    return tuple(_listener(fields) for fields in found["jobs"]), _books(found["books"])


def encode_command(command: Command) -> str:
    """Return an order to a gateway that serves: one line."""
    match command:
        case Begin(listener):
            return json.dumps({"command": "begin", "job": _plain(listener)})
        case End(job_id):
            return json.dumps({"command": "end", "job": job_id})


def decode_command(line: str) -> Command:
    """Return what `encode_command` wrote."""
    found = json.loads(line)
    return Begin(_listener(found["job"])) if found["command"] == "begin" else End(found["job"])


def encode_event(event: Event) -> str:
    """Return news from the gateway: one line."""
    match event:
        case Verdict():
            return json.dumps({"event": "verdict", **asdict(event)})
        case Begun(job_id):
            return json.dumps({"event": "begun", "job": job_id})
        case Ended(job_id):
            return json.dumps({"event": "ended", "job": job_id})


def decode_event(line: str) -> Event | None:
    """Return what `encode_event` wrote; None for a line that was cut, or is from another version."""
    try:
        match json.loads(line):
            case {"event": "verdict", "job_id": str(job_id), "kind": str(kind), "reason": str(reason)}:
                return Verdict(job_id, kind, reason)  # type: ignore[arg-type]
            case {"event": "begun", "job": str(job_id)}:
                return Begun(job_id)
            case {"event": "ended", "job": str(job_id)}:
                return Ended(job_id)
    except ValueError:
        pass
    return None


def _plain(part: Listener | Books) -> dict[str, Any]:
    """Return a dataclass as JSON-able data, paths as texts."""
    return json.loads(json.dumps(asdict(part), default=str))  # type: ignore[no-any-return]


def _listener(fields: dict[str, Any]) -> Listener:
    route = fields["route"]
    parts = {
        "upstreams": {role: _upstream(upstream) for role, upstream in route["upstreams"].items()},
        "bodies": Path(route["bodies"]) if route["bodies"] else None,
    }
    return Listener(Route(**{**route, **parts}), Path(fields["socket"]))


def _books(fields: dict[str, Any]) -> Books:
    answers = fields["answers"]
    return Books(**{**fields, "ledger": Path(fields["ledger"]), "answers": Path(answers) if answers else None})


def _upstream(fields: dict[str, Any]) -> Upstream:
    prices = fields["prices"]
    parts = {
        "retry": Retry(**fields["retry"]),
        "prices": Prices(**prices) if prices else None,
        "interceptors": tuple(Interceptor(**entry) for entry in fields["interceptors"]),
    }
    return Upstream(**{**fields, **parts})
