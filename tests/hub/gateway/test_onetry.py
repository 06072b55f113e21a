import asyncio

import pytest

from hub.gateway.call import Answer, Failure
from hub.gateway.onetry import counted, within_timeout
from hub.gateway.tokens import Usage
from tests.fakes.clock import run
from tests.hub.gateway.played import ANSWER, BROKEN, Server, at_once, call, read, said, streamed, upstream

USAGE = {"usage": {"prompt_tokens": 12, "completion_tokens": 30}}
EVENT = b'data: {"choices": [{"delta": {"content": "4"}}]}\n\n'
LAST = b'data: {"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": 30}}\n\n'


def settle(server, *, reads=True, **asked):
    """Return what was settled, and the account, of one call."""
    settled = []

    async def steps():
        made = call(**asked)
        async with made.closing:
            answer = await counted(server, lambda _call, usage: settled.append(usage))(made)
            if reads:
                await read(answer)
        return made.account

    return run(steps()), settled


def test_a_request_and_its_tokens_are_counted():
    account, settled = settle(Server(said("4", **USAGE)))

    assert (account.attempts, account.tokens_in, account.tokens_out) == (1, 12, 30)
    assert settled == [Usage(12, 30)]


def test_the_tokens_of_a_stream_are_known_at_its_end():
    account, settled = settle(Server(streamed(EVENT, EVENT, LAST)))

    assert (account.tokens_in, account.tokens_out) == (12, 30)
    assert settled == [Usage(12, 30)]


def test_where_the_upstream_does_not_count_tokens_are_reckoned_and_not_in_the_account():
    account, settled = settle(Server(ANSWER), fields={"prompt": "x" * 40})

    assert account.tokens_in is None
    assert settled == [Usage(10, -(-len(ANSWER.body) // 4))]


def test_a_stream_that_nobody_read_to_its_end_is_settled_too():
    _, settled = settle(Server(streamed(EVENT, EVENT, LAST)), reads=False, fields={"prompt": "x" * 40})

    assert settled == [Usage(10, -(-len(EVENT) // 4))]


def test_a_failure_costs_nothing():
    account, settled = settle(Server(BROKEN))

    assert account.attempts == 1
    assert settled == []


def test_the_list_of_models_costs_nothing():
    _, settled = settle(Server(Answer(200, (), b'{"data": []}')), operation="models", fields={})

    assert settled == []


def test_a_request_that_nobody_waits_for_any_more_is_paid_all_the_same():
    settled = []

    async def steps():
        step = counted(Server(latency_s=10.0), lambda _call, usage: settled.append(usage))
        asked = asyncio.ensure_future(step(call(fields={"prompt": "x" * 40})))
        await asyncio.sleep(1.0)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)

    run(steps())
    assert settled == [Usage(10, 0)]


@pytest.mark.parametrize(("timeout_s", "deadline_s", "ends_at"), [(5.0, 60.0, 5.0), (300.0, 60.0, 60.0)])
def test_a_silent_server_is_given_up_after_its_time_or_at_the_deadline(timeout_s, deadline_s, ends_at):
    async def steps():
        asked = call(upstream(timeout_s=timeout_s, deadline_s=deadline_s))
        (answer,) = await at_once(within_timeout(Server(latency_s=1000.0)), [asked])
        return answer, asyncio.get_running_loop().time() - 1000.0

    answer, now = run(steps())

    assert now == ends_at
    assert (answer.status, answer.failure.type, answer.failure.code) == (504, "upstream_timeout", "timeout")
    assert answer.failure.message.endswith(f"no whole answer in {ends_at:g} s")


def test_a_stream_that_does_not_come_to_its_end_is_broken_off_after_a_try_s_time():
    async def steps():
        endless = streamed(EVENT, *[EVENT] * 1000, pause_s=0.5)
        async with (asked := call(upstream(timeout_s=5.0))).closing:
            return await read(await within_timeout(Server(endless))(asked))

    pieces = run(steps())

    assert pieces[:-1] == [EVENT] * 10
    assert isinstance(pieces[-1], Failure)
    assert pieces[-1].code == "timeout"


def test_a_stream_in_time_passes_unchanged():
    async def steps():
        async with (asked := call()).closing:
            return await read(await within_timeout(Server(streamed(EVENT, EVENT, LAST)))(asked))

    assert run(steps()) == [EVENT, EVENT, LAST]
