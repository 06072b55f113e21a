import asyncio
import itertools
import threading

import pytest

from hub.gateway.config import Retry, Upstream
from tests.fakes.upstream import FakeUpstream
from tests.hub.gateway.support import CHAT, PATIENCE_S, gateway, question, until


def run(tmp_path, steps, *, concurrency=4, deadlines_s=(PATIENCE_S, PATIENCE_S), **fake):
    """Run `steps(client, upstream)` for two roles of one model, with a deadline each."""

    async def serve(up):
        retry = Retry(first_wait_s=0.01)
        upstreams = [Upstream(up.base_url, "m", None, concurrency, each, retry=retry) for each in deadlines_s]
        async with gateway(tmp_path, dict(zip(("candidate", "judge"), upstreams, strict=True))) as client:
            return await steps(client, up)

    with FakeUpstream(**fake) as up:
        return asyncio.run(serve(up))


@pytest.mark.parametrize("stream", [False, True])
def test_an_upstream_sees_as_many_calls_at_a_time_as_it_may_and_no_more(tmp_path, stream):
    numbers, meeting = itertools.count(), threading.Barrier(3, timeout=PATIENCE_S / 2)

    def answer(_body):
        if next(numbers) < 3:
            meeting.wait()
        return "4"

    async def steps(client, up):
        roles = ("candidate", "judge")
        asked = [client.post(f"{roles[n % 2]}/arc/{CHAT}", question(stream=stream)) for n in range(16)]
        return await asyncio.gather(*asked), up.peak

    answers, peak = run(tmp_path, steps, concurrency=3, latency_s=0.03, answer=answer)

    assert {got.status for got in answers} == {200}
    assert peak == 3


def test_waiting_for_a_place_is_part_of_the_deadline_and_told_apart(tmp_path):
    async def steps(client, up):
        holder = asyncio.ensure_future(client.post(f"candidate/arc/{CHAT}"))
        await until(lambda: up.requests)
        waiting = await client.post(f"judge/arc/{CHAT}")
        return await holder, waiting

    holder, waiting = run(tmp_path, steps, concurrency=1, deadlines_s=(4.0, 0.3), fault="hang")

    assert (holder.status, holder.error["code"]) == (504, "timeout")
    assert (waiting.status, waiting.error["code"]) == (504, "queue_timeout")


@pytest.mark.parametrize("fault", ["hang", "drop", "500", "truncated", "trickle"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_place_is_free_again_after_whatever_happened(tmp_path, fault, stream):
    async def steps(client, up):
        await client.post(f"candidate/arc/{CHAT}", question(stream=stream))
        up.fault = None
        return await client.post(f"judge/arc/{CHAT}", question("another", stream=stream))

    assert run(tmp_path, steps, concurrency=1, deadlines_s=(0.3, PATIENCE_S), fault=fault).status == 200


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_takes_its_upstream_request_along(tmp_path, stream):
    async def steps(client, up):
        asked = asyncio.ensure_future(client.post(f"candidate/arc/{CHAT}", question(stream=stream)))
        await until(lambda: up.requests)
        asked.cancel()
        await until(lambda: up.cancelled == 1)
        return await client.statuses()

    assert run(tmp_path, steps, fault="hang") == {499: 1}


def test_a_client_that_leaves_the_queue_never_reaches_the_upstream(tmp_path):
    async def steps(client, up):
        asked = [asyncio.ensure_future(client.post(f"candidate/arc/{CHAT}")) for _ in range(2)]
        await until(lambda: up.requests)
        for one in asked:
            one.cancel()
        assert await client.statuses(2) == {499: 2}
        return len(up.requests)

    assert run(tmp_path, steps, concurrency=1, fault="hang") == 1
