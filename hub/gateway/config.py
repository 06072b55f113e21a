"""What the hub and the gateway's process tell each other, as lines of JSON: routes there, counts back."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

READY = '{"event": "ready"}'


@dataclass(frozen=True)
class Upstream:
    """A model server behind the gateway.

    Attributes:
        base_url: in the form of `hub.endpoint.normalize_base_url`.
        model: the server's name of the model; replaces whatever a client sends.
        api_key_env: NAME of the variable that holds the key.
        concurrency: calls at a time, over all jobs that share server and model.
        deadline_s: from a call's arrival to the end of its answer, waiting for a free place included.
    """

    base_url: str
    model: str
    api_key_env: str | None = None
    concurrency: int = 16
    deadline_s: float = 240.0


@dataclass(frozen=True)
class Route:
    """One job's models by role; its socket belongs to `uid` and `gid` where the hub may give files away."""

    job_id: str
    upstreams: Mapping[str, Upstream]
    uid: int | None = None
    gid: int | None = None


@dataclass(frozen=True)
class Listener:
    """A route and the path of its socket."""

    route: Route
    socket: Path


@dataclass(frozen=True, order=True)
class CallCount:
    """How many calls ended with `status`: the client's, 502 or 504 for a broken stream, 499 if it left."""

    job_id: str
    role: str
    dataset: str
    status: int
    count: int


def encode_listeners(listeners: Iterable[Listener]) -> str:
    """Return the gateway's configuration: one line, no secret in it."""
    jobs = [
        {
            "id": listener.route.job_id,
            "socket": str(listener.socket),
            "uid": listener.route.uid,
            "gid": listener.route.gid,
            "upstreams": {role: asdict(upstream) for role, upstream in listener.route.upstreams.items()},
        }
        for listener in listeners
    ]
    return json.dumps({"jobs": jobs})


def decode_listeners(line: str) -> tuple[Listener, ...]:
    """Return what `encode_listeners` wrote."""
    return tuple(
        Listener(
            Route(
                job["id"],
                {role: Upstream(**fields) for role, fields in job["upstreams"].items()},
                job["uid"],
                job["gid"],
            ),
            Path(job["socket"]),
        )
        for job in json.loads(line)["jobs"]
    )


def encode_counts(counts: Iterable[CallCount]) -> tuple[str, ...]:
    """Return one line for each job, role and dataset."""
    statuses: dict[tuple[str, str, str], dict[str, int]] = defaultdict(dict)
    for call in sorted(counts):
        statuses[call.job_id, call.role, call.dataset][str(call.status)] = call.count
    return tuple(
        json.dumps({"event": "calls", "job": job, "role": role, "dataset": dataset, "status": by_status})
        for (job, role, dataset), by_status in statuses.items()
    )


def decode_counts(text: str) -> tuple[CallCount, ...]:
    """Return what `encode_counts` wrote; other events and a last line that was cut are passed over."""
    counts = []
    for line in text.splitlines(keepends=True):
        if line.endswith("\n") and (found := json.loads(line)).get("event") == "calls":
            where = (found["job"], found["role"], found["dataset"])
            counts += [CallCount(*where, int(status), count) for status, count in found["status"].items()]
    return tuple(sorted(counts))
