"""Whatever an upstream does, the client gets OpenAI-shaped JSON, in time."""

import asyncio

import pytest

from hub.gateway.config import Upstream
from tests.fakes.upstream import FakeUpstream
from tests.hub.gateway.support import CHAT, KEY, KEY_ENV, gateway, question

DEADLINE_S = 0.4


def ask(tmp_path, fault, *, stream=False, key_env=None, base_url=None, model="m"):
    async def run(up):
        upstream = Upstream(base_url or up.base_url, model, key_env, 4, DEADLINE_S)
        async with gateway(tmp_path, {"candidate": upstream}, {KEY_ENV: KEY}) as client:
            got = await client.post(f"candidate/arc/{CHAT}", question(stream=stream))
            return got, await client.statuses()

    with FakeUpstream(fault=fault) as up:
        return asyncio.run(run(up))


@pytest.mark.parametrize("fault", ["truncated", "hang", "trickle", "drop"])
def test_a_broken_stream_gives_what_came_and_then_the_error(tmp_path, fault):
    got, _ = ask(tmp_path, fault, stream=True)

    assert got.events[0]["choices"][0]["delta"] == {"content": "first"}
    assert list(got.events[-1]) == ["error"]
    assert "[DONE]" not in got.events


def test_retry_after_passes(tmp_path):
    got, _ = ask(tmp_path, "429")

    assert got.headers["Retry-After"] == "7"
    assert "slow down" in got.error["message"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_key_that_the_upstream_repeats_is_scrubbed(tmp_path, stream):
    got, _ = ask(tmp_path, "401", stream=stream, key_env=KEY_ENV)

    assert got.status == 401
    assert KEY not in str(got)
    assert "Bearer [key]" in got.error["message"]
    assert KEY_ENV in got.error["message"]


def test_plain_http_on_a_tls_address_is_unreachable(tmp_path):
    with FakeUpstream() as up:
        got, _ = ask(tmp_path, None, base_url=up.base_url.replace("http:", "https:"))

    assert (got.status, got.error["code"]) == (502, "tls")


def test_a_fault_may_follow_the_model(tmp_path):
    got, _ = ask(tmp_path, None, model="fault-500")

    assert got.error["code"] == "http_500"
    assert "out of memory" in got.error["message"]
