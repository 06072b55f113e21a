import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.gateway.breaker import Breaker
from hub.gateway.call import Failure
from hub.gateway.config import Retry
from hub.gateway.gate import Gate
from hub.gateway.limits import Limits
from hub.gateway.onetry import through_gate
from tests.fakes.clock import run
from tests.hub.gateway.played import ANSWER, BROKEN, REFUSED, Server, at_once, call, limited, read, streamed, upstream

PLACE = ("http://a/v1", "m")


def gate(concurrency=16, requests=None, tokens=None, **retry):
    trips = []
    made = Gate(Limits(concurrency, requests, tokens), Breaker([Retry(**retry)]), trips.append)
    made.trips = trips
    return made


async def ask(found, server, count, **asked):
    return await at_once(through_gate(server, {PLACE: found}), [call(**asked) for _ in range(count)])


def codes(answers):
    return [answer.failure.code if answer.failure else "ok" for answer in answers]


def test_no_more_are_under_way_than_may_be():
    server = Server(latency_s=1.0)

    answers = run(ask(gate(concurrency=3), server, 10))

    assert codes(answers) == ["ok"] * 10
    assert server.peak == 3
    assert server.sent_at == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]


def test_who_gets_no_place_in_time_is_told_so_at_his_deadline():
    async def steps():
        answers = await ask(gate(concurrency=1), Server(latency_s=30.0), 3, deadline_s=10.0)
        return answers, asyncio.get_running_loop().time() - 1000

    answers, _ = run(steps())

    assert codes(answers) == ["ok", "queue_timeout", "queue_timeout"]
    assert answers[1].status == 504
    assert "(1 calls at a time)" in answers[1].failure.message


def test_those_who_cannot_be_sent_in_time_for_the_rates_are_told_at_once():
    async def steps():
        found, server = gate(requests=2), Server()
        await ask(found, server, 2, deadline_s=30.0)
        answers = await ask(found, server, 1, deadline_s=30.0)
        return answers, asyncio.get_running_loop().time()

    (answer,), now = run(steps())

    assert now == 1000.0
    assert (answer.status, answer.failure.code) == (504, "queue_timeout")
    assert "2 requests a minute" in answer.failure.message


def test_the_line_before_a_call_is_reckoned_with():
    async def steps():
        answers = await ask(gate(requests=2), Server(), 7, deadline_s=150.0)
        return codes(answers), asyncio.get_running_loop().time()

    answers, now = run(steps())

    assert answers == ["ok"] * 6 + ["queue_timeout"]
    assert now == pytest.approx(1000 + 2 * 60.5)


@settings(max_examples=30)
@given(st.lists(st.floats(0, 20), min_size=5, max_size=30), st.integers(1, 6), st.integers(1, 4))
def test_in_no_minute_are_more_requests_sent_than_may_be(gaps, most, concurrency):
    async def steps():
        server = Server(latency_s=3.0)
        step = through_gate(server, {PLACE: gate(concurrency, most)})
        asked = []
        for gap in gaps:
            await asyncio.sleep(gap)
            asked.append(asyncio.ensure_future(at_once(step, [call(deadline_s=10_000.0)])))
        await asyncio.gather(*asked)
        return server.sent_at

    sent_at = run(steps())

    assert len(sent_at) == len(gaps)
    assert max(sum(begin <= at < begin + 60 for at in sent_at) for begin in sent_at) <= most


def test_tokens_that_were_not_needed_let_the_next_go_at_once():
    async def steps(server):
        found = gate(tokens=1000)
        fields = {"prompt": "", "max_tokens": 900}

        async def short(asked):
            answer = await server(asked)
            asked.account.tokens_in, asked.account.tokens_out = 1, 1
            return answer

        step = through_gate(short, {PLACE: found})
        await at_once(step, [call(fields=fields) for _ in range(20)])

    server = Server(latency_s=1.0)
    run(steps(server))

    assert server.sent_at == [float(second) for second in range(20)]


def test_a_server_that_refuses_is_asked_by_one_call_while_the_others_wait():
    async def steps():
        found = gate()
        await ask(found, Server(REFUSED), 1)
        server = Server(REFUSED, REFUSED, ANSWER, latency_s=0.5)
        answers = await ask(found, server, 8, deadline_s=100.0)
        return codes(answers), server.sent_at

    answers, sent_at = run(steps())

    assert sorted(answers) == ["connect"] * 2 + ["ok"] * 6
    assert sent_at == [0, 2.5, 7] + [7.5] * 5


def test_calls_already_under_way_end_the_waiting_with_their_answers():
    async def steps():
        found = gate()
        slow = asyncio.ensure_future(ask(found, Server(latency_s=2.0), 1))
        await asyncio.sleep(1.0)
        await ask(found, Server(REFUSED), 1)
        server = Server()
        waiting = asyncio.ensure_future(ask(found, server, 5))
        await slow
        await waiting
        return asyncio.get_running_loop().time()

    assert run(steps()) == 1002.0


def test_a_call_that_asked_and_whose_client_left_makes_way_for_the_next():
    async def steps():
        found = gate()
        await ask(found, Server(REFUSED), 1)
        asking = asyncio.ensure_future(ask(found, Server(latency_s=1000.0), 1))
        waiting = asyncio.ensure_future(ask(found, Server(), 1))
        await asyncio.sleep(5.0)
        asking.cancel()
        return codes(await waiting)

    assert run(steps()) == ["ok"]


def test_an_outage_is_told_once_and_then_nobody_is_asked():
    async def steps():
        found, server = gate(outage_s=30.0), Server(BROKEN)
        waiting = [asyncio.ensure_future(ask(found, server, 1)) for _ in range(100)]
        await asyncio.gather(*waiting)
        sent = len(server.sent_at)
        late = await ask(found, server, 3)
        return found.trips, [one.result()[0] for one in waiting], late, sent, len(server.sent_at)

    trips, answers, late, sent, sent_later = run(steps())

    assert [trip.code for trip in trips] == ["outage"]
    assert sent == sent_later < 100
    assert "outage" in codes(answers)
    assert {(answer.status, answer.failure.type) for answer in late} == {(503, "upstream_down")}


def test_the_reason_names_the_server_the_time_and_the_last_failure():
    async def steps():
        found, server = gate(outage_s=30.0), Server(REFUSED)
        while not found.trips:
            await ask(found, server, 1)
        return found.trips[0]

    message = run(steps()).message

    assert message.startswith("the server of 'm' at a has answered no request since ")
    assert " UTC (3" in message
    assert message.endswith(": cannot be reached: refused")


def test_a_slow_server_is_not_down():
    found = gate(outage_s=30.0)

    answers = run(ask(found, Server(latency_s=500.0), 20))

    assert codes(answers) == ["ok"] * 16 + ["ok"] * 4
    assert not found.trips


def test_a_server_s_wish_to_be_left_alone_holds_back_every_call():
    async def steps():
        found, server = gate(), Server(limited("20"), ANSWER)
        (first,) = await ask(found, server, 1)
        others = await ask(found, server, 3)
        return first, others, server.sent_at

    first, others, sent_at = run(steps())

    assert first.failure.code == "slow"
    assert codes(others) == ["ok"] * 3
    assert sent_at == [0, 20, 20, 20]


def test_one_that_is_longer_than_the_time_left_fails_calls_at_once():
    async def steps():
        found, server = gate(concurrency=2), Server(limited("700"), limited("700"), ANSWER)
        answers = await ask(found, server, 5)
        return answers, len(server.sent_at), asyncio.get_running_loop().time()

    answers, sent, now = run(steps())

    assert now == 1000.0
    assert sent == 2
    assert codes(answers) == ["retry_after"] * 5
    assert dict(answers[0].headers)["Retry-After"] == "700"
    assert "slow down; it asks for a pause of 11 min 40 s" in answers[0].failure.message


def test_waiting_is_noted_in_the_account():
    async def steps():
        step = through_gate(Server(latency_s=2.0), {PLACE: gate(concurrency=1)})
        calls = [call() for _ in range(3)]
        await at_once(step, calls)
        return [asked.account.waited_s for asked in calls]

    assert run(steps()) == [0, 2, 4]


def test_a_client_that_leaves_the_line_is_not_sent_and_costs_no_turn():
    async def steps():
        found, server = gate(concurrency=1, requests=2), Server(latency_s=5.0)
        first = asyncio.ensure_future(ask(found, server, 1))
        leaving = asyncio.ensure_future(ask(found, server, 1))
        last = asyncio.ensure_future(ask(found, server, 1))
        await asyncio.sleep(1.0)
        leaving.cancel()
        return codes(await first + await last), len(server.sent_at), asyncio.get_running_loop().time()

    assert run(steps()) == (["ok", "ok"], 2, 1010.0)


def test_a_client_that_leaves_in_the_moment_of_its_turn_gives_the_place_back():
    async def steps():
        found = gate(concurrency=1)
        holder = call()
        sent = await found.enter(holder)
        leaving = asyncio.ensure_future(found.enter(call()))
        await asyncio.sleep(1.0)
        found.leave(sent)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        return await found.enter(call(deadline_s=1.0))

    assert not isinstance(run(steps()), Failure)


def test_a_stream_keeps_its_place_until_the_call_is_closed():
    async def steps():
        found, server = gate(concurrency=1), Server(streamed(b"data: 1\n\n", b"data: 2\n\n"), ANSWER)
        step = through_gate(server, {PLACE: found})
        first, second = call(), call(deadline_s=50.0)
        answer = await step(first)
        waiting = asyncio.ensure_future(step(second))
        await read(answer)
        await asyncio.sleep(10.0)
        waited = waiting.done()
        await first.closing.aclose()
        return waited, (await waiting).status

    assert run(steps()) == (False, 200)


def test_an_upstream_of_another_model_is_another_gate():
    async def steps():
        other = upstream(model="n")
        gates = {PLACE: gate(concurrency=1), ("http://a/v1", "n"): gate(concurrency=1)}
        server = Server(latency_s=1.0)
        await at_once(through_gate(server, gates), [call(), call(other)])
        return server.peak

    assert run(steps()) == 2
