"""Whatever a server does in whatever order: what holds for every call, on a clock that only waiting moves."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.gateway.call import Answer, Failure
from hub.gateway.config import Retry, Route
from hub.gateway.meaning import health_of
from hub.gateway.steps import assemble
from tests.fakes.clock import run
from tests.hub.gateway.played import (
    ANSWER,
    BLAMED,
    BROKEN,
    BUSY,
    REFUSED,
    SILENT,
    Server,
    at_once,
    call,
    limited,
    upstream,
)

DEADLINE_S, CONCURRENCY, ATTEMPTS, PER_MINUTE = 120.0, 3, 4, 20
DROPPED = Failure(502, "upstream_unreachable", "dropped", "dropped")
DEEDS = [ANSWER, BLAMED, BROKEN, BUSY, REFUSED, DROPPED, SILENT, limited("3"), limited("500")]
scripts = st.lists(st.sampled_from(DEEDS), min_size=1, max_size=25)


class Recorded(Server):
    """Also remembers what it did with each request, by call."""

    def __init__(self, script, latency_s):
        super().__init__(*script, latency_s=latency_s)
        self.did = {}

    async def __call__(self, asked):
        answer = await super().__call__(asked)
        self.did.setdefault(asked.fields["prompt"], []).append(answer)
        return answer


def play(script, gaps, latency_s):
    """Return the server, the verdicts, and each call's prompt, answer and time."""
    told, server = [], Recorded(script, latency_s)
    asked = upstream(
        concurrency=CONCURRENCY,
        deadline_s=DEADLINE_S,
        timeout_s=20.0,
        requests_per_minute=PER_MINUTE,
        retry=Retry(attempts=ATTEMPTS, outage_s=60.0),
    )

    async def client(step, number):
        loop = asyncio.get_running_loop()
        began = loop.time()
        made = call(asked, fields={"prompt": str(number)}, operation="completions")
        (answer,) = await at_once(step, [made])
        return made, answer, loop.time() - began

    async def steps():
        step = assemble(server, [Route("job", {"candidate": asked})], verdict=told.append)
        clients = []
        for number, gap in enumerate(gaps):
            await asyncio.sleep(gap)
            clients.append(asyncio.ensure_future(client(step, number)))
        return await asyncio.gather(*clients)

    return run(steps()), server, told


@settings(max_examples=100)
@given(scripts, st.lists(st.floats(0, 8), min_size=1, max_size=15), st.sampled_from([0.0, 0.5, 15.0, 30.0]))
def test_every_call_is_answered_in_time_truly_and_within_the_limits(script, gaps, latency_s):
    calls, server, told = play(script, gaps, latency_s)

    for made, answer, took_s in calls:
        did = server.did.get(made.fields["prompt"], [])
        assert took_s <= DEADLINE_S + 1e-6
        assert isinstance(answer, Answer)
        assert (answer.failure is None) == (answer.body == ANSWER.body)
        assert answer.failure is None or answer.failure.message
        # An answer that came is given, and nothing is asked after it.
        assert [each.failure for each in did].count(None) <= 1
        if did and did[-1].failure is None:
            assert answer.body == ANSWER.body
        taken = [each for each in did if each.failure is None or health_of(each.failure) != "away"]
        assert len(taken) <= ATTEMPTS
    assert server.peak <= CONCURRENCY
    assert max(sum(begin <= at < begin + 60 for at in server.sent_at) for begin in server.sent_at) <= PER_MINUTE
    assert len(told) == len({verdict.kind for verdict in told})
