import math

import pytest

from hub.gateway.breaker import Breaker
from hub.gateway.call import Failure
from hub.gateway.config import Retry

REFUSED = Failure(502, "upstream_unreachable", "connect", "refused")
BROKEN = Failure(502, "upstream_error", "http_500", "broken")
BLAMED = Failure(400, "invalid_request_error", "too_long", "too long")
POLICY = Retry(first_wait_s=1.0, outage_s=300.0)


def breaker(*policies):
    return Breaker(policies or (POLICY,))


def test_a_server_that_refuses_is_asked_by_one_call_at_a_time_after_a_pause():
    known = breaker()

    known.note(10.0, REFUSED, scouting=False)

    assert known.is_open
    assert known.ready_at(10.0) == 11.0


def test_single_failures_of_requests_that_were_taken_change_nothing():
    known = breaker()

    known.note(10.0, BROKEN, scouting=False)
    known.note(11.0, BROKEN, scouting=False)

    assert not known.is_open
    assert known.ready_at(11.0) == 11.0


def test_the_third_in_a_row_does():
    known = breaker()

    for now in (10.0, 11.0, 12.0):
        known.note(now, BROKEN, scouting=False)

    assert known.is_open


@pytest.mark.parametrize("answer", [None, BLAMED])
def test_whatever_shows_that_it_lives_ends_it(answer):
    known = breaker()
    known.note(10.0, REFUSED, scouting=False)

    known.note(10.5, answer, scouting=False)

    assert not known.is_open
    assert known.ready_at(10.5) == 10.5
    assert known.failing_since is None


def test_pauses_grow_to_five_seconds_with_each_call_that_asked_in_vain():
    known, now, pauses = breaker(), 10.0, []
    known.note(now, REFUSED, scouting=False)

    for _ in range(5):
        pauses.append(known.ready_at(now) - now)
        now = known.ready_at(now)
        known.note(now, REFUSED, scouting=True)

    assert pauses == [1.0, 2.0, 4.0, 5.0, 5.0]


@pytest.mark.parametrize("outage_s", [0.5, 8.0, 9.7, 13.0])
def test_the_last_question_comes_at_the_moment_that_makes_it_an_outage_not_a_pause_later(outage_s):
    known, now = breaker(Retry(first_wait_s=1.0, outage_s=outage_s)), 10.1
    known.note(now, REFUSED, scouting=False)

    while not known.tripped:
        now = known.ready_at(now)
        known.note(now, REFUSED, scouting=True)

    assert now == pytest.approx(10.1 + outage_s)


def test_calls_that_were_under_way_do_not_put_off_the_next_question():
    known = breaker()
    known.note(10.0, REFUSED, scouting=False)

    known.note(10.9, REFUSED, scouting=False)

    assert known.ready_at(10.9) == 11.0


def test_failures_for_as_long_as_an_outage_trip_it_for_good():
    known = breaker()

    for now in range(0, 301, 5):
        assert not known.tripped
        known.note(float(now), BROKEN, scouting=True)

    assert known.tripped
    known.note(301.0, None, scouting=False)
    assert known.tripped
    assert known.ready_at(301.0) == math.inf


def test_an_answer_in_between_begins_anew():
    known = breaker()
    known.note(0.0, REFUSED, scouting=False)
    known.note(299.0, None, scouting=False)

    known.note(301.0, REFUSED, scouting=False)

    assert not known.tripped
    assert known.failing_since == 301.0


def test_time_in_which_nobody_asked_is_no_outage():
    known = breaker()
    known.begin(0.0)
    known.note(1.0, REFUSED, scouting=False)
    known.end(1.0)

    known.begin(1000.0)
    known.note(1001.0, REFUSED, scouting=True)

    assert not known.tripped
    assert known.failing_since == 1001.0


def test_the_pauses_between_tries_do_not_count_as_such():
    known = breaker()
    for now in range(0, 301, 50):
        known.begin(float(now))
        known.note(float(now), REFUSED, scouting=True)
        known.end(float(now))

    assert known.tripped


def test_of_several_jobs_the_shortest_times_count():
    known = breaker(Retry(first_wait_s=2.0, outage_s=60.0), Retry(first_wait_s=0.5, outage_s=600.0))
    known.note(0.0, REFUSED, scouting=False)
    known.note(60.0, REFUSED, scouting=True)

    assert known.tripped
