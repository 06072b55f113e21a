import asyncio

import pytest

from hub.gateway.call import Failure
from hub.gateway.config import Retry
from hub.gateway.retry import with_patience, with_retry
from tests.fakes.clock import run
from tests.hub.gateway.played import (
    ANSWER,
    BLAMED,
    BROKEN,
    BUSY,
    REFUSED,
    SILENT,
    Server,
    call,
    read,
    streamed,
    upstream,
)

NO_PLACE = Failure(504, "upstream_timeout", "queue_timeout", "no free place")


def counting(server):
    async def step(asked):
        asked.account.attempts += 1
        return await server(asked)

    return step


def persistent(following):
    return with_retry(with_patience(following))


async def ask(server, *, deadline_s=600.0, step=with_retry, **retry):
    asked = call(upstream(retry=Retry(**retry), deadline_s=deadline_s))
    answer = await step(counting(server))(asked)
    return answer, asked.account


@pytest.mark.parametrize("failure", [BROKEN, SILENT, REFUSED])
def test_a_failure_that_may_pass_is_tried_again(failure):
    server = Server(failure, failure, ANSWER)

    answer, account = run(ask(server))

    assert answer == ANSWER
    assert account.attempts == 3


@pytest.mark.parametrize("failure", [BLAMED, NO_PLACE])
def test_one_that_would_not_is_told_at_once(failure):
    server = Server(failure, ANSWER)

    answer, account = run(ask(server))

    assert answer.failure == failure
    assert account.attempts == 1


def test_after_the_last_try_the_failure_says_how_many_and_for_how_long():
    server = Server(BROKEN, latency_s=2.0)

    answer, account = run(ask(server, attempts=4))

    assert account.attempts == 4
    assert answer.status == 502
    assert answer.failure.message.startswith(f"{BROKEN.message} (after 4 tries in ")
    assert b"(after 4 tries in " in answer.body


def test_a_single_try_is_not_counted_in_the_message():
    answer, _ = run(ask(Server(BROKEN), attempts=1))

    assert answer.failure == BROKEN


def test_waits_are_drawn_from_twice_as_much_each_time_up_to_the_longest():
    gaps = [[], [], [], []]
    for _ in range(200):
        server = Server(BROKEN)
        run(ask(server, attempts=5, first_wait_s=1.0, longest_wait_s=3.0))
        for which, (before, after) in enumerate(zip(server.sent_at, server.sent_at[1:], strict=False)):
            gaps[which].append(after - before)

    assert [max(found) < most for found, most in zip(gaps, (1, 2, 3, 3), strict=True)] == [True] * 4
    assert all(
        min(found) < most / 4 < 3 * most / 4 < max(found) for found, most in zip(gaps, (1, 2, 3, 3), strict=True)
    )


def test_waiting_is_noted_in_the_account():
    server = Server(BROKEN, BROKEN, ANSWER)

    _, account = run(ask(server))

    assert account.waited_s == pytest.approx(server.sent_at[-1])


def test_no_try_begins_after_the_deadline():
    for _ in range(20):
        server = Server(BROKEN, latency_s=1.0)

        answer, account = run(ask(server, deadline_s=20.0, attempts=100))

        assert 1 < account.attempts < 100
        assert max(server.sent_at) < 20.0
        assert answer.failure.code == "http_500"


def test_what_the_server_did_is_told_rather_than_that_there_was_no_time_for_another_try():
    answer, _ = run(ask(Server(BROKEN, NO_PLACE)))

    assert answer.failure.code == "http_500"


def test_a_stream_that_began_is_never_tried_again():
    server = Server(streamed(b"data: 1\n\n", BROKEN), ANSWER)

    async def steps():
        answer, account = await ask(server)
        return await read(answer), account.attempts

    assert run(steps()) == ([b"data: 1\n\n", BROKEN], 1)


def test_a_cancelled_call_is_not_tried_again():
    async def steps():
        server = Server(BROKEN, ANSWER, latency_s=5.0)
        asked = asyncio.ensure_future(ask(server))
        await asyncio.sleep(7.0)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        return len(server.sent_at)

    assert run(steps()) <= 2


@pytest.mark.parametrize("failure", [REFUSED, BUSY])
def test_a_server_that_is_away_is_asked_until_it_is_back_whatever_the_number_of_tries(failure):
    server = Server(*[failure] * 50, ANSWER)

    answer, _ = run(ask(server, step=persistent, attempts=2))

    assert answer == ANSWER
    assert len(server.sent_at) == 51


def test_patience_ends_with_the_deadline_and_the_failure_is_told():
    async def steps():
        answer, account = await ask(Server(REFUSED), step=persistent, deadline_s=10.0)
        return answer, account, asyncio.get_running_loop().time()

    answer, account, now = run(steps())

    assert answer.failure.code == "connect"
    assert f"(after {account.attempts} tries in " in answer.failure.message
    assert now <= 1010.0


def test_what_the_server_took_is_not_patience_s_business():
    server = Server(BROKEN, ANSWER)

    answer, _ = run(ask(server, step=with_patience))

    assert answer.failure == BROKEN
