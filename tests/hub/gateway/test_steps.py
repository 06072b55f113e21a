import asyncio

import pytest

from hub.gateway.config import Retry, Upstream
from tests.fakes.upstream import FakeUpstream
from tests.hub.gateway.support import CHAT, gateway, question, until


def run(tmp_path, steps, *, concurrency=4, deadline_s=5.0, **fake):
    async def serve(up):
        upstream = Upstream(up.base_url, "m", None, concurrency, deadline_s, retry=Retry(first_wait_s=0.01))
        async with gateway(tmp_path, {"candidate": upstream, "judge": upstream}) as client:
            return await steps(client, up)

    with FakeUpstream(**fake) as up:
        return asyncio.run(serve(up))


@pytest.mark.parametrize("stream", [False, True])
def test_an_upstream_sees_no_more_calls_at_a_time_than_it_may(tmp_path, stream):
    async def steps(client, up):
        roles = ("candidate", "judge")
        asked = [client.post(f"{roles[n % 2]}/arc/{CHAT}", question(stream=stream)) for n in range(16)]
        return await asyncio.gather(*asked), up.peak

    answers, peak = run(tmp_path, steps, concurrency=3, latency_s=0.03)

    assert {got.status for got in answers} == {200}
    assert peak == 3


def test_waiting_for_a_place_is_part_of_the_deadline_and_told_apart(tmp_path):
    async def steps(up):
        patient, hasty = (Upstream(up.base_url, "m", None, 1, deadline_s) for deadline_s in (1.0, 0.3))
        async with gateway(tmp_path, {"candidate": patient, "judge": hasty}) as client:
            holder = asyncio.ensure_future(client.post(f"candidate/arc/{CHAT}"))
            await until(lambda: up.requests)
            waiting = await client.post(f"judge/arc/{CHAT}")
            return await holder, waiting

    with FakeUpstream(fault="hang") as up:
        holder, waiting = asyncio.run(steps(up))

    assert (holder.status, holder.error["code"]) == (504, "timeout")
    assert (waiting.status, waiting.error["code"]) == (504, "queue_timeout")


@pytest.mark.parametrize("fault", ["hang", "drop", "500", "truncated", "trickle"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_place_is_free_again_after_whatever_happened(tmp_path, fault, stream):
    async def steps(client, up):
        await client.post(f"candidate/arc/{CHAT}", question(stream=stream))
        up.fault = None
        return await client.post(f"candidate/arc/{CHAT}", question("another", stream=stream))

    assert run(tmp_path, steps, concurrency=1, deadline_s=0.3, fault=fault).status == 200


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_takes_its_upstream_request_along(tmp_path, stream):
    async def steps(client, up):
        asked = asyncio.ensure_future(client.post(f"candidate/arc/{CHAT}", question(stream=stream)))
        await until(lambda: up.requests)
        asked.cancel()
        await until(lambda: up.cancelled == 1)
        return await client.statuses()

    assert run(tmp_path, steps, deadline_s=30, fault="hang") == {499: 1}


def test_a_client_that_leaves_the_queue_never_reaches_the_upstream(tmp_path):
    async def steps(client, up):
        asked = [asyncio.ensure_future(client.post(f"candidate/arc/{CHAT}")) for _ in range(2)]
        await until(lambda: up.requests)
        for one in asked:
            one.cancel()
        assert await client.statuses(2) == {499: 2}
        return len(up.requests)

    assert run(tmp_path, steps, concurrency=1, deadline_s=30, fault="hang") == 1
