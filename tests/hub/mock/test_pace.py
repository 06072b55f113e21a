import asyncio
import time

import pytest

from hub.mock.pace import Pace, parse_latency
from hub.mock.server import MockOptions
from tests.hub.mock.support import Mock, mock


def test_latencies_are_read_with_their_unit() -> None:
    assert [parse_latency(text) for text in ("200ms", "1.5s", "2m", "0")] == [0.2, 1.5, 120, 0]
    with pytest.raises(ValueError, match="not a duration"):
        parse_latency("fast")


def test_jitter_goes_both_ways_and_never_below_nothing() -> None:
    drawn = [Pace(0.2, 0.1).first_s(number) for number in range(200)]

    assert 0.1 <= min(drawn) < 0.12
    assert 0.28 < max(drawn) <= 0.3
    assert min(Pace(0.1, 1).first_s(number) for number in range(20)) == 0


def test_tokens_come_one_after_another_after_the_first() -> None:
    assert Pace(0.2, tokens_per_second=50).due_s(0.2, 1) == pytest.approx(0.2)
    assert Pace(0.2, tokens_per_second=50).due_s(0.2, 51) == pytest.approx(1.2)
    assert Pace(0.2).due_s(0.2, 51) == 0.2


def test_a_stream_is_paced_and_an_answer_takes_as_long() -> None:
    async def run() -> tuple[list[float], float]:
        async with mock(MockOptions(pace=Pace(0.05, tokens_per_second=50))) as server:
            began = time.monotonic()
            stream = await server.chat("a b c d e", stream=True)
            times = [time.monotonic() - began async for chunk in stream if chunk.choices[0].delta.content]
            began = time.monotonic()
            await server.chat("a b c d e")
            return times, time.monotonic() - began

    times, whole = asyncio.run(run())

    assert times[0] >= 0.05
    assert times[-1] >= 0.13
    assert whole >= 0.13


def test_the_first_tokens_of_a_stream_do_not_wait_for_the_last() -> None:
    async def run() -> float:
        async with mock(MockOptions(pace=Pace(tokens_per_second=0.5))) as server:
            began = time.monotonic()
            await anext(aiter(await server.chat("a b c d e", stream=True)))
            return time.monotonic() - began

    assert asyncio.run(run()) < 8


def test_requests_over_the_concurrency_wait() -> None:
    async def ask(server: Mock) -> float:
        began = time.monotonic()
        await asyncio.gather(*(server.chat() for _ in range(4)))
        return time.monotonic() - began

    async def run() -> float:
        async with mock(MockOptions(pace=Pace(0.05, concurrency=2))) as server:
            return await ask(server)

    assert asyncio.run(run()) >= 0.1


def test_a_client_that_leaves_gives_its_place_back() -> None:
    async def run() -> str:
        async with mock(MockOptions(pace=Pace(tokens_per_second=0.1, concurrency=1))) as server:
            stream = await server.chat("a b c d e", stream=True)  # its place for 40 s
            await stream.close()
            await server.chat("a")
            return server.journal.summary()

    assert "1 answered; 1 given up" in asyncio.run(run())
