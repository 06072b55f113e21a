"""Whatever a server does, and whatever is asked: the client gets OpenAI's shape, in time, after the right tries."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from hub.gateway.config import Retry, Upstream
from hub.ledger import LedgerRow
from tests.fakes.upstream import FakeUpstream
from tests.hub.gateway.support import Got, gateway

TRIES = 3
DEADLINE_S = 30.0
TIMEOUT_S = 1.0  # of a try where the server is silent; on a busy machine the first event of a stream comes in it
AWAY_S = 2.0  # deadline where the server is away: it is asked until then
RETRY = Retry(attempts=TRIES, first_wait_s=0.01, longest_wait_s=0.01)
TOOLS = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
USER = [{"role": "user", "content": "6 x 7"}]

# What is asked: the operation and the body.
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": ("chat/completions", {"messages": USER}),
    "chat stream": ("chat/completions", {"messages": USER, "stream": True}),
    "completion": ("completions", {"prompt": "6 x 7", "max_tokens": 5}),
    "completion stream": ("completions", {"prompt": "6 x 7", "stream": True}),
    "echo and logprobs": ("completions", {"prompt": "6 x 7", "echo": True, "logprobs": 1, "max_tokens": 0}),
    "embeddings": ("embeddings", {"input": ["6 x 7"]}),
    "tools": ("chat/completions", {"messages": USER, "tools": TOOLS}),
    "picture": ("chat/completions", {"messages": [{"role": "user", "content": [PICTURE]}]}),
}


class Told(NamedTuple):
    """What the client is told, and after how many requests; None where that is a matter of time."""

    status: int
    type: str
    code: str
    tries: int | None


FAULTS = {
    "refuse": Told(502, "upstream_unreachable", "connect", None),
    "dns": Told(502, "upstream_unreachable", "dns", None),
    "503": Told(503, "upstream_error", "http_503", None),
    "close": Told(502, "upstream_unreachable", "dropped", TRIES),
    "drop": Told(502, "upstream_invalid", "truncated", TRIES),
    "truncated": Told(502, "upstream_invalid", "not_json", TRIES),
    "html": Told(502, "upstream_invalid", "not_json", TRIES),
    "binary": Told(502, "upstream_invalid", "not_json", TRIES),
    "empty": Told(502, "upstream_invalid", "no_answer", TRIES),
    "huge": Told(502, "upstream_invalid", "too_large", 1),
    "redirect": Told(502, "upstream_invalid", "redirect", 1),
    "silence": Told(504, "upstream_timeout", "timeout", TRIES),
    "hang": Told(504, "upstream_timeout", "timeout", TRIES),
    "trickle": Told(504, "upstream_timeout", "timeout", TRIES),
    "401": Told(401, "auth", "bad_key", 1),
    "404": Told(404, "invalid_request_error", "http_404", 1),
    "429": Told(429, "upstream_error", "retry_after", 1),
    "429-bare": Told(429, "upstream_error", "rate_limit_exceeded", TRIES),
    "429-quota": Told(429, "upstream_error", "insufficient_quota", 1),
    "500": Told(502, "upstream_error", "http_500", TRIES),
}
# Of a stream that has begun the client has a part: no other try, and the error is its last event.
BROKEN_STREAMS = {
    "drop": Told(502, "upstream_invalid", "truncated", 1),
    "truncated": Told(502, "upstream_invalid", "truncated", 1),
    "hang": Told(504, "upstream_timeout", "timeout", 1),
    "trickle": Told(504, "upstream_timeout", "timeout", 1),
}
AWAY = ("refuse", "dns", "503")
SILENT = ("silence", "hang", "trickle")
HARMLESS = ("text", "unstreamed")
MENDED = [fault for fault, told in FAULTS.items() if told.tries == TRIES] + ["503", "429"]


class Outcome(NamedTuple):
    """What came of one request."""

    got: Got
    row: LedgerRow
    took_s: float


async def _ask_all(folder: Any, base: Upstream) -> dict[str, Outcome]:
    """Ask every kind at the same time, each of a model of its own, so that none waits behind another's failures."""
    roles = {f"role{number}": kind for number, kind in enumerate(KINDS)}
    upstreams = {role: replace(base, model=role) for role in roles}

    async with gateway(folder, upstreams) as client:

        async def one(role: str, kind: str) -> tuple[Got, float]:
            operation, body = KINDS[kind]
            began = time.monotonic()
            return await client.post(f"{role}/arc/v1/{operation}", body), time.monotonic() - began

        answers = await asyncio.gather(*(one(role, kind) for role, kind in roles.items()))
        rows = {row.role: row for row in await client.ended(len(roles))}
    return {
        kind: Outcome(got, rows[role], took_s)
        for (role, kind), (got, took_s) in zip(roles.items(), answers, strict=True)
    }


def ask_all(folder: Any, fault: str | None, **fake: Any) -> tuple[dict[str, Outcome], FakeUpstream]:
    shown = None if fault == "dns" else fault
    with FakeUpstream(answer=lambda _body: "42", fault=shown, **fake) as up:
        base_url = "http://no-such-host.invalid/v1" if fault == "dns" else up.base_url
        deadline_s = AWAY_S if fault in AWAY and "fault_times" not in fake else DEADLINE_S
        timeout_s = TIMEOUT_S if fault in SILENT else DEADLINE_S
        base = Upstream(base_url, "m", None, 16, deadline_s, timeout_s, retry=RETRY)
        return asyncio.run(_ask_all(folder, base)), up


@pytest.fixture(scope="module", params=FAULTS)
def faulty(request, tmp_path_factory):
    """Return a fault and what came of every kind of request before it."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "dns":
            patch.setattr(socket, "getaddrinfo", _unknown)
        patch.setattr("hub.gateway.send.MAX_BODY", 1 << 20)  # 64 MiB of each kind take long
        outcomes, _ = ask_all(tmp_path_factory.mktemp("gateway"), request.param, retry_after="700")
    return request.param, outcomes


def _unknown(*_, **__):
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_is_told_in_openai_s_shape_in_time_after_the_right_tries(faulty, kind):
    fault, outcomes = faulty
    got, row, took_s = outcomes[kind]
    stream = "stream" in kind

    broken = stream and fault in BROKEN_STREAMS
    told = BROKEN_STREAMS[fault] if broken else FAULTS[fault]
    error = got.events[-1]["error"] if broken else got.error
    assert (got.status, row.status) == ((200, told.status) if broken else (told.status, told.status))
    assert got.headers["Content-Type"] == ("text/event-stream" if broken else "application/json")
    assert error.keys() == {"message", "type", "param", "code"}
    assert (error["type"], error["code"]) == (told.type, told.code)
    assert row.attempts == told.tries if told.tries else row.attempts > 1
    assert took_s < DEADLINE_S


@pytest.mark.parametrize("kind", KINDS)
def test_the_message_names_server_host_and_tries(faulty, kind):
    _, outcomes = faulty
    got, row, _ = outcomes[kind]
    message = (got.events[-1] if got.headers["Content-Type"] == "text/event-stream" else got.json)["error"]["message"]

    assert message.startswith(f"the server of 'role{list(KINDS).index(kind)}' at ")
    assert (f"(after {row.attempts} tries in " in message) == (row.attempts > 1)


@pytest.fixture(scope="module", params=MENDED)
def mended(request, tmp_path_factory):
    """Return a fault that two requests of each kind met, and what came of them."""
    folder = tmp_path_factory.mktemp("gateway")
    return request.param, *ask_all(folder, request.param, fault_times=2, retry_after="0.02")


@pytest.mark.parametrize("kind", KINDS)
def test_once_the_server_is_well_again_the_client_gets_its_answer(mended, kind):
    fault, outcomes, up = mended
    got, row, _ = outcomes[kind]

    if "stream" in kind and fault in BROKEN_STREAMS:
        assert row.attempts == 1
        return
    assert got.status == 200
    assert row.attempts == 3
    assert len([request for request in up.requests if request.json["model"] == row.role]) == 3
    assert content(got, kind) == ("6 x 7" if kind == "embeddings" else "42")


def content(got: Got, kind: str) -> str:
    """Return what a client reads from an answer."""
    if kind == "embeddings":
        return "6 x 7" if got.json["data"][0]["embedding"] == [5.0, 1.0] else ""
    choices = [choice for event in got.events[:-1] for choice in event["choices"]] or got.json["choices"]
    parts = [choice.get("message") or choice.get("delta") or choice for choice in choices]
    return "".join(part.get("content") or part.get("text") or "" for part in parts)


@pytest.mark.parametrize("fault", HARMLESS)
def test_what_is_only_odd_is_set_right(tmp_path, fault):
    outcomes, _ = ask_all(tmp_path, fault)

    for kind, (got, row, _) in outcomes.items():
        assert (got.status, row.attempts) == (200, 1)
        assert content(got, kind) == ("6 x 7" if kind == "embeddings" else "42")
        wanted = "text/event-stream" if "stream" in kind else "application/json"
        assert got.headers["Content-Type"] == wanted


def test_a_server_that_comes_up_late_is_waited_for(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]

    async def steps():
        base = Upstream(f"http://127.0.0.1:{port}/v1", "m", None, 16, DEADLINE_S, retry=RETRY)
        async with gateway(tmp_path, {"candidate": base}) as client:
            asked = asyncio.ensure_future(client.post("candidate/arc/v1/chat/completions"))
            await asyncio.sleep(1.0)
            with FakeUpstream(port=port):
                got = await asked
            return got, (await client.ended(1))[0]

    got, row = asyncio.run(steps())

    assert got.status == 200
    assert row.attempts > TRIES


def test_every_error_body_is_json_that_openai_s_shape_has(faulty):
    _, outcomes = faulty
    for kind, (got, _, _) in outcomes.items():
        if got.headers["Content-Type"] == "application/json":
            assert set(json.loads(got.body)) == {"error"}, kind
