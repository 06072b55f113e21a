import pytest

from hub.gateway.call import Failure
from hub.gateway.config import Retry
from hub.gateway.remembered import Memory, with_memory
from tests.fakes.clock import run
from tests.hub.gateway.played import ANSWER, BLAMED, BROKEN, Server, call, read, streamed, upstream


async def ask(step, *, key="k", number=0, **asked):
    made = call(key=key, **asked)
    made.account.number = number
    answer = await step(made)
    return answer, (await read(answer))[-1]


def times(server, count, *, memory=None, **asked):
    told = []

    async def steps():
        step = with_memory(server, memory or Memory(), told.append)
        return [await ask(step, **asked) for _ in range(count)]

    return [answer for answer, _ in run(steps())], told


@pytest.mark.parametrize("failure", [BLAMED, BROKEN])
def test_what_failed_is_answered_with_the_same_without_asking(failure):
    server = Server(failure, ANSWER)

    answers, _ = times(server, 3)

    assert len(server.sent_at) == 1
    assert [answer.failure for answer in answers] == [failure] * 3


def test_another_request_or_occurrence_is_asked():
    server = Server(BLAMED)

    async def steps():
        step = with_memory(server, Memory(), lambda _verdict: None)
        for key, number in (("k", 0), ("k", 1), ("l", 0)):
            await ask(step, key=key, number=number)

    run(steps())
    assert len(server.sent_at) == 3


def test_a_job_that_is_started_once_more_may_ask_anew():
    server = Server(BLAMED)

    async def steps():
        step = with_memory(server, Memory(), lambda _verdict: None)
        for job, session in (("a", 1), ("a", 2), ("b", 1), ("a", 1)):
            await ask(step, job_id=job, session=session)

    run(steps())
    assert len(server.sent_at) == 3


def test_what_has_no_key_is_asked_each_time():
    server = Server(BLAMED)

    times(server, 3, key="")

    assert len(server.sent_at) == 3


@pytest.mark.parametrize(
    "failure",
    [
        Failure(402, "budget_spent", "insufficient_quota", "spent"),
        Failure(503, "upstream_down", "outage", "down"),
        Failure(504, "upstream_timeout", "queue_timeout", "no place"),
        Failure(429, "upstream_error", "retry_after", "later"),
    ],
    ids=lambda failure: failure.code,
)
def test_what_was_never_sent_may_be_asked_another_time(failure):
    server = Server(failure, ANSWER)

    answers, _ = times(server, 2)

    assert answers[1] == ANSWER


def test_the_hundredth_time_is_a_loop_and_names_what_failed():
    _, told = times(Server(BLAMED), 100)
    assert not told

    _, told = times(Server(BLAMED), 101)
    (verdict,) = told
    assert (verdict.job_id, verdict.kind) == ("job", "loop")
    assert verdict.reason.endswith(BLAMED.message)


def test_those_not_asked_for_longest_are_forgotten_first():
    server = Server(BLAMED)

    async def steps():
        step = with_memory(server, Memory(most=2), lambda _verdict: None)
        for key in ("a", "b", "a", "c", "a", "b"):
            await ask(step, key=key)

    run(steps())
    assert [asked.account.key for asked in server.calls] == ["a", "b", "c", "b"]


def test_a_stream_that_breaks_may_be_asked_again_as_often_as_a_request_is_tried():
    server = Server(*[streamed(b"data: 1\n\n", BROKEN) for _ in range(9)])

    answers, _ = times(server, 5, asked=upstream(retry=Retry(attempts=3)))

    assert len(server.sent_at) == 3
    assert [answer.failure for answer in answers] == [None] * 3 + [BROKEN] * 2


def test_a_stream_that_ends_well_is_not_remembered():
    server = Server(streamed(b"data: 1\n\n", b"data: [DONE]\n\n"), ANSWER)

    answers, _ = times(server, 2)

    assert answers[1] == ANSWER
