import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
import pytest

from hub.mock.faults import FAULTS, FaultPlan, Faults
from hub.mock.server import MockOptions
from tests.hub.mock.support import Mock, mock, user

BODIES = [b"body %d" % number for number in range(2000)]


def picks(plan: FaultPlan, bodies: list[bytes]) -> dict[bytes, str | None]:
    faults = Faults(plan)
    return {body: faults.pick("m", body) for body in bodies}


def test_a_rate_is_kept_and_depends_on_the_seed_but_not_on_the_order() -> None:
    plan = FaultPlan(("500",), rate=0.1, seed=1)
    first = picks(plan, BODIES)

    assert 150 < sum(fault is not None for fault in first.values()) < 250
    assert picks(plan, BODIES[::-1]) == first
    assert picks(FaultPlan(("500",), rate=0.1, seed=2), BODIES) != first


def test_a_request_that_is_tried_again_is_drawn_again() -> None:
    faults = Faults(FaultPlan(("500",), rate=0.5))

    assert {faults.pick("m", b"the same") for _ in range(50)} == {None, "500"}


def test_the_first_requests_fail_and_no_other() -> None:
    faults = Faults(FaultPlan(("drop",), first=2))

    assert [faults.pick("m", body) for body in BODIES[:4]] == ["drop", "drop", None, None]


def test_an_outage_has_a_begin_and_an_end() -> None:
    times = iter([100.0, 119.9, 120.0, 149.9, 150.0, 500.0])
    faults = Faults(FaultPlan(("refuse",), after_s=20, lasting_s=30), clock=lambda: next(times))

    assert [faults.pick("m", body) for body in BODIES[:6]] == [None, None, "refuse", "refuse", None, None]


def test_a_rate_holds_within_an_outage() -> None:
    faults = Faults(FaultPlan(("refuse",), rate=0.5, lasting_s=30), clock=lambda: 0.0)

    assert 850 < sum(faults.pick("m", body) is not None for body in BODIES) < 1150


def test_of_several_faults_each_has_its_turn() -> None:
    assert set(picks(FaultPlan(("500", "429", "drop")), BODIES[:100]).values()) == {"500", "429", "drop"}


def test_a_model_may_be_named_after_its_fault() -> None:
    assert {name: Faults(FaultPlan()).pick(f"fault-{name}", b"") for name in FAULTS} == {
        name: name for name in FAULTS
    }
    assert Faults(FaultPlan()).pick("fault-none", b"") is None


def met(fault: str, check: Callable[[Mock, bytes], Coroutine[Any, Any, None]], *, stream: bool = False) -> Mock:
    """Send a request that meets `fault` to a mock, and let `check` see what comes."""
    body = json.dumps({"model": f"fault-{fault}", "messages": [user("one two three")], "stream": stream}).encode()

    async def run() -> Mock:
        async with mock(MockOptions(faults=FaultPlan(retry_after_s=7))) as server:
            await check(server, body)
            return server

    server = asyncio.run(run())
    assert server.journal.faults == {fault: 1}
    return server


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("fault", "status", "start"),
    [
        ("429", 429, b'{"error"'),
        ("500", 500, b'{"error"'),
        ("garbage", 200, b"\x00\xff"),
        ("html", 200, b"<!D"),
        ("empty", 200, b""),
    ],
)
def test_wrong_answers_are_sent_whole(fault: str, status: int, start: bytes, stream: bool) -> None:
    async def check(server: Mock, body: bytes) -> None:
        async with server.plain.post(f"{server.url}/chat/completions", data=body) as response:
            assert response.status == status
            raw = await response.read()
            assert raw.startswith(start)
            assert bool(raw) == bool(start)
            assert response.headers.get("Retry-After") == ("7" if fault == "429" else None)

    met(fault, check, stream=stream)


def test_a_truncated_answer_ends_as_if_it_were_whole() -> None:
    async def check(server: Mock, body: bytes) -> None:
        status, raw = await server.post("chat/completions", body)
        assert status == 200
        assert raw.startswith(b'{"id"')
        with pytest.raises(ValueError, match=r"delimiter|Unterminated|Expecting"):
            json.loads(raw)

    met("truncated", check)


def test_a_truncated_stream_ends_within_an_event() -> None:
    async def check(server: Mock, body: bytes) -> None:
        _, raw = await server.post("chat/completions", body)
        assert raw.startswith(b"data: {")
        assert not raw.endswith(b"\n\n")

    met("truncated", check, stream=True)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fault", ["refuse", "drop"])
def test_a_reset_is_a_broken_connection(fault: str, stream: bool) -> None:
    async def check(server: Mock, body: bytes) -> None:
        with pytest.raises(aiohttp.ClientError):
            await server.post("chat/completions", body)

    met(fault, check, stream=stream)


@pytest.mark.parametrize(
    ("fault", "stream"), [("hang", False), ("hang", True), ("trickle", False), ("trickle", True)]
)
def test_an_answer_that_never_ends_is_the_clients_to_give_up(fault: str, stream: bool) -> None:
    async def check(server: Mock, body: bytes) -> None:
        with pytest.raises(asyncio.TimeoutError):
            await server.post("chat/completions", body, timeout=aiohttp.ClientTimeout(total=0.3))
        while not server.journal.requests:  # noqa: ASYNC110 - nothing tells when the server has noticed
            await asyncio.sleep(0.01)

    server = met(fault, check, stream=stream)

    assert server.journal.summary().split("; ", 1)[1] == f"1 faults (1 {fault})"


def test_embeddings_meet_faults_too() -> None:
    async def run() -> int:
        async with mock() as server:
            return (await server.post("embeddings", b'{"model": "fault-500", "input": "x"}'))[0]

    assert asyncio.run(run()) == 500
