"""What a gateway is told: whom it asks for which job, what it keeps, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

CacheMode = Literal["run", "shared", "off"]
InterceptorKind = Literal["drop", "add", "rename", "system_prompt", "max_tokens", "reasoning"]


@dataclass(frozen=True)
class Retry:
    """How often a call is tried, how long is waited in between, and after how long a silent upstream ends the job."""

    attempts: int = 6
    first_wait_s: float = 1.0
    longest_wait_s: float = 60.0
    outage_s: float = 300.0


@dataclass(frozen=True)
class Prices:
    """Of a million tokens each."""

    input: float
    output: float


@dataclass(frozen=True)
class Interceptor:
    """One change of requests or answers; `value` is what the task file says under `kind`."""

    kind: InterceptorKind
    value: Any


@dataclass(frozen=True)
class Upstream:
    """A model server behind the gateway, as one role of one job sees it.

    Attributes:
        base_url: in the form of `hub.endpoint.normalize_base_url`.
        model: the server's name of the model; replaces whatever a client sends.
        api_key_env: NAME of the variable that holds the key.
        concurrency: calls at a time, over all jobs that share server and model.
        deadline_s: from a call's arrival to the end of its answer, waits and tries included.
        timeout_s: of one try.
        identity: what stands behind address and name; part of every cache key.
        requests_per_minute, tokens_per_minute: None for no limit; over all jobs that share server and model.
    """

    base_url: str
    model: str
    api_key_env: str | None = None
    concurrency: int = 16
    deadline_s: float = 600.0
    timeout_s: float = 300.0
    identity: str = ""
    retry: Retry = Retry()
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    prices: Prices | None = None
    interceptors: tuple[Interceptor, ...] = ()


@dataclass(frozen=True)
class Route:
    """One job's models by role; its socket belongs to `uid` and `gid` where the hub may give files away.

    Attributes:
        session: which start of the job this is, from 1; occurrences are counted within it.
        bodies: file that requests and answers are appended to; None for none.
    """

    job_id: str
    upstreams: Mapping[str, Upstream]
    uid: int | None = None
    gid: int | None = None
    session: int = 1
    bodies: Path | None = None


@dataclass(frozen=True)
class Books:
    """What the gateway keeps, and where.

    Attributes:
        ledger: SQLite file of the run: its calls, and with `cache: run` its answers.
        answers: SQLite file of the answers; None with `cache: off`.
        max_bytes: size of the answers above which those used longest ago go.
        budget_tokens, budget_cost: of the run, over all its starts; None for no limit.
    """

    ledger: Path
    cache: CacheMode = "run"
    answers: Path | None = None
    max_bytes: int = 20 << 30
    budget_tokens: int | None = None
    budget_cost: float | None = None


@dataclass(frozen=True)
class Verdict:
    """Why a job cannot be what was planned; all but a spent budget end it at once."""

    job_id: str
    kind: Literal["outage", "key", "loop", "budget"]
    reason: str


@dataclass(frozen=True)
class Listener:
    """A route and the path of its socket."""

    route: Route
    socket: Path
