"""The steps together, in their order, before a server that plays a script."""

import asyncio
import itertools
import json

import pytest

from hub.gateway.budget import Budget, Spent
from hub.gateway.call import Answer, Failure
from hub.gateway.config import Interceptor, Retry, Route, Verdict
from hub.gateway.steps import assemble
from tests.fakes.clock import run
from tests.hub.gateway.played import ANSWER, BLAMED, BROKEN, BUSY, REFUSED, Server, at_once, call, said, upstream

REFUSED_KEY = Failure(401, "auth", "bad_key", "refused")


def keyed(following):
    """Give every call a key by what it asks, as the cache does."""

    async def step(asked):
        asked.account.key = json.dumps(asked.fields)
        return await following(asked)

    return step


def way(server, *, told=None, asked=None, budget=None, with_answers=keyed):
    asked = asked or upstream()
    routes = [Route("job", {"candidate": asked}), Route("other", {"judge": asked})]
    verdict = (told if told is not None else []).append
    return assemble(server, routes, verdict=verdict, budget=budget, with_answers=with_answers)


def test_a_call_passes():
    async def steps():
        return (await at_once(way(Server()), [call()]))[0]

    assert run(steps()).body == ANSWER.body


def test_a_restart_of_a_minute_costs_no_sample():
    async def steps():
        loop, server = asyncio.get_running_loop(), Server(latency_s=0.2)
        loop.call_later(10.0, server.script.__setitem__, 0, REFUSED)
        loop.call_later(70.0, server.script.__setitem__, 0, ANSWER)
        told, answers = [], []
        step = way(server, told=told)

        async def client(number):
            for sample in range(40):
                await asyncio.sleep(1.0)
                fields = {"prompt": f"{number} {sample}"}
                answers.extend(await at_once(step, [call(fields=fields, operation="completions")]))

        await asyncio.gather(*(client(number) for number in range(8)))
        down = [at for at in server.sent_at if 10 < at + 1 < 70]
        return answers, told, len(down)

    answers, told, down = run(steps())

    assert [answer.status for answer in answers] == [200] * 320
    assert not told
    assert down < 8 + 20  # those under way when it went, then one at a time


def test_one_client_alone_survives_it_too():
    async def steps():
        loop, server = asyncio.get_running_loop(), Server(REFUSED)
        loop.call_later(60.0, server.script.__setitem__, 0, ANSWER)
        return (await at_once(way(server), [call()]))[0].status

    assert run(steps()) == 200


def test_an_outage_is_told_once_for_each_job_and_the_rest_fails_at_once():
    async def steps():
        told, server = [], Server(REFUSED)
        step = way(server, told=told)
        await at_once(step, [call() for _ in range(50)])
        tripped = asyncio.get_running_loop().time()
        late = (await at_once(step, [call(fields={"prompt": "late"})]))[0]
        return told, tripped - 1000, asyncio.get_running_loop().time() - tripped, late

    told, tripped, took, late = run(steps())

    assert {(verdict.job_id, verdict.kind) for verdict in told} == {("job", "outage"), ("other", "outage")}
    assert len(told) == 2
    assert tripped == 300
    assert took == 0
    assert (late.status, late.failure.type) == (503, "upstream_down")


@pytest.mark.parametrize("failure", [REFUSED, BUSY, BROKEN])
@pytest.mark.parametrize("outage_s", [3.0, 8.0, 45.0])
def test_no_pause_between_tries_makes_an_outage_longer_though_one_client_asks_alone(failure, outage_s):
    async def steps():
        told, loop, asked = [], asyncio.get_running_loop(), upstream(retry=Retry(outage_s=outage_s))
        step = way(Server(failure), told=told, asked=asked)
        began, numbers = loop.time(), itertools.count()
        while not told:
            await at_once(step, [call(asked, fields={"prompt": str(next(numbers))})])
        return loop.time() - began

    assert run(steps()) == pytest.approx(outage_s)


def test_a_request_that_breaks_the_server_is_one_failed_sample_and_no_outage():
    async def steps():
        told, good = [], Server()

        async def server(asked):
            return Answer.failed(BROKEN) if asked.fields.get("prompt") == "poison" else await good(asked)

        step = way(server, told=told)
        prompts = ["poison" if number == 3 else str(number) for number in range(10)]
        asked = [call(fields={"prompt": prompt}, operation="completions") for prompt in prompts]
        answers = [(await at_once(step, [each]))[0].status for each in asked]
        return answers, told, asked[3].account.attempts

    assert run(steps()) == ([200] * 3 + [502] + [200] * 6, [], 6)


def test_what_failed_for_good_costs_the_model_nothing_more():
    async def steps():
        server, told = Server(BLAMED), []
        step = way(server, told=told)
        calls = [call() for _ in range(150)]
        for asked in calls:
            await at_once(step, [asked])
        return len(server.sent_at), told, {asked.account.attempts for asked in calls[1:]}

    sent, told, attempts = run(steps())

    assert sent == 1
    assert attempts == {0}
    assert [(verdict.job_id, verdict.kind) for verdict in told] == [("job", "loop")]


def test_a_key_that_is_refused_ends_every_job_that_uses_it():
    async def steps():
        server, told = Server(REFUSED_KEY), []
        step = way(server, told=told)
        for number in range(12):
            await at_once(step, [call(fields={"prompt": str(number)})])
        return len(server.sent_at), {(verdict.job_id, verdict.kind) for verdict in told}

    assert run(steps()) == (10, {("job", "key"), ("other", "key")})


def test_a_spent_budget_is_told_and_not_remembered():
    async def steps():
        usage = {"usage": {"prompt_tokens": 50, "completion_tokens": 50}}
        told, budget = [], Budget(tokens=100)
        step = way(Server(said("4", **usage)), told=told, budget=budget)
        answers = [(await at_once(step, [call(fields={"prompt": prompt})]))[0] for prompt in "abb"]
        budget.spent = Spent()
        answers += await at_once(step, [call(fields={"prompt": "b"})])
        return [answer.status for answer in answers], told

    statuses, told = run(steps())

    assert statuses == [200, 402, 402, 200]
    assert told == [Verdict("job", "budget", "the budget of 100 tokens is spent")]


def test_answers_from_the_cache_are_stripped_and_pass_budget_and_gate():
    def from_cache(following):
        async def step(asked):
            return said("<think>a</think>4")

        return step

    async def steps():
        asked = upstream(interceptors=(Interceptor("reasoning", "strip"),))
        server = Server()
        step = way(server, asked=asked, with_answers=from_cache, budget=Budget(tokens=0))
        return (await at_once(step, [call(asked)]))[0], len(server.sent_at)

    answer, sent = run(steps())

    assert json.loads(answer.body)["choices"][0]["message"]["content"] == "4"
    assert sent == 0


def test_the_cache_sees_the_request_after_the_interceptors_and_the_answer_before_them():
    seen = []

    def watching(following):
        async def step(asked):
            answer = await following(asked)
            seen.append((dict(asked.fields), answer.body))
            return answer

        return step

    async def steps():
        interceptors = (Interceptor("add", {"top_k": 1}), Interceptor("reasoning", "strip"))
        asked = upstream(interceptors=interceptors)
        await at_once(way(Server(said("<think>a</think>4")), asked=asked, with_answers=watching), [call(asked)])

    run(steps())
    ((fields, body),) = seen
    assert fields["top_k"] == 1
    assert b"<think>" in body


@pytest.mark.parametrize("server", [Server(REFUSED), Server(latency_s=100.0), Server(BLAMED)])
def test_models_are_answered_within_seconds_whatever_the_server_does(server):
    async def steps():
        (answer,) = await at_once(way(server), [call(operation="models", fields={})])
        return json.loads(answer.body)["data"][0]["id"], asyncio.get_running_loop().time() - 1000

    name, took_s = run(steps())

    assert name == "m"
    assert took_s <= 5.0


def test_a_list_of_models_is_neither_cached_nor_paid_nor_tried_again():
    async def steps():
        server = Server(REFUSED)
        asked = call(operation="models", fields={})
        await at_once(way(server, budget=Budget(tokens=0)), [asked])
        return asked.account.key, asked.account.attempts

    assert run(steps()) == ("", 1)


def test_tries_wait_for_the_rates_like_any_other_request():
    async def steps():
        asked = upstream(requests_per_minute=2, retry=Retry(attempts=3))
        server = Server(BROKEN, BROKEN, ANSWER)
        (answer,) = await at_once(way(server, asked=asked), [call(asked)])
        return answer.status, server.sent_at[2]

    status, third = run(steps())

    assert status == 200
    assert third > 60
