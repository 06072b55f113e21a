import pytest

from hub.gateway.call import Failure
from hub.gateway.config import Verdict
from hub.gateway.keys import key_at, with_key_watch
from tests.fakes.clock import run
from tests.hub.gateway.played import ANSWER, BROKEN, Server, call, upstream

REFUSED_KEY = Failure(401, "auth", "bad_key", "the server of 'm' at a answered 401 to the key in K: wrong")
NO_MONEY = Failure(429, "upstream_error", "insufficient_quota", "the server of 'm' at a answered 429: no money")
ASKED = upstream(api_key_env="K")
USERS = {key_at(ASKED): ["job", "other"], key_at(upstream(api_key_env="L")): ["third"]}


def ask(server, times, asked=ASKED):
    told = []

    async def steps():
        step = with_key_watch(server, USERS, told.append)
        return [await step(call(asked)) for _ in range(times)]

    return run(steps()), told


@pytest.mark.parametrize("refusal", [REFUSED_KEY, NO_MONEY])
def test_ten_refusals_in_a_row_end_every_job_with_this_key(refusal):
    server = Server(refusal)

    answers, told = ask(server, 12)

    assert len(server.sent_at) == 10
    reason = f"{refusal.message} (and so 10 times in a row)"
    assert told == [Verdict("job", "key", reason), Verdict("other", "key", reason)]
    assert answers[-1].failure.message == reason
    assert answers[-1].status == refusal.status


def test_one_answer_in_between_begins_anew():
    server = Server(*[REFUSED_KEY] * 9, ANSWER, REFUSED_KEY)

    _, told = ask(server, 19)

    assert len(server.sent_at) == 19
    assert not told


def test_other_failures_neither_count_nor_begin_anew():
    server = Server(*[REFUSED_KEY] * 9, BROKEN, REFUSED_KEY)

    _, told = ask(server, 10)
    assert not told

    _, told = ask(Server(*[REFUSED_KEY] * 9, BROKEN, REFUSED_KEY), 11)
    assert told


def test_another_key_for_the_same_model_goes_on():
    told = []

    async def steps():
        server = Server(*[REFUSED_KEY] * 10, ANSWER)
        step = with_key_watch(server, USERS, told.append)
        for _ in range(10):
            await step(call(ASKED))
        return await step(call(upstream(api_key_env="L")))

    assert run(steps()) == ANSWER
    assert {verdict.job_id for verdict in told} == {"job", "other"}
