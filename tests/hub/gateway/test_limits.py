from hypothesis import given
from hypothesis import strategies as st

from hub.gateway.config import Upstream
from hub.gateway.limits import WINDOW_S, Limits, Minute, limits_of, sent_lately
from tests.fakes.ledger import failed, row

MINUTE_S = 60.0
gaps = st.lists(st.tuples(st.floats(0, 30), st.integers(0, 120)), min_size=1, max_size=40)


def send(minute, asked, corrected=lambda tokens: tokens):
    """Send each request as soon as it may be; return when, and how many tokens each took."""
    now, log = 1000.0, []
    for gap, tokens in asked:
        now = minute.earliest(now + gap, tokens)
        sent = minute.add(now, tokens)
        sent.tokens = corrected(tokens)
        log.append((now, sent.tokens))
    return log


def windows(log):
    """Yield what was sent in each minute that begins with a request."""
    for begin, _ in log:
        yield [tokens for at, tokens in log if begin <= at < begin + MINUTE_S]


@given(gaps, st.integers(1, 12))
def test_in_no_minute_are_more_requests_sent_than_may_be(asked, most):
    log = send(Minute(most, None), asked)

    assert max(len(window) for window in windows(log)) <= most


@given(gaps, st.integers(120, 300))
def test_in_no_minute_are_more_tokens_sent_than_may_be(asked, most):
    log = send(Minute(None, most), asked)

    assert all(sum(window) <= most for window in windows(log))


@given(gaps, st.integers(1, 12), st.integers(120, 300))
def test_both_limits_hold_together(asked, requests, tokens):
    log = send(Minute(requests, tokens), asked)

    assert all(len(window) <= requests and sum(window) <= tokens for window in windows(log))


@given(gaps, st.integers(1, 12), st.integers(120, 300))
def test_nobody_waits_longer_than_he_must(asked, requests, tokens):
    now, log = 1000.0, []
    minute = Minute(requests, tokens)
    for gap, size in asked:
        at = minute.earliest(now + gap, size)
        if at > now + gap:
            just_before = at - 1e-6
            window = [each for sent, each in log if sent > just_before - WINDOW_S]
            assert len(window) >= requests or sum(window) + size > tokens
        minute.add(at, size)
        log.append((at, size))
        now = at


@given(st.integers(0, 12), st.integers(1, 50), st.integers(1, 12))
def test_the_last_of_a_line_knows_its_turn(before, line, requests):
    minute = Minute(requests, None)
    send(minute, [(1, 0)] * before)
    now = minute.earliest(1000.0 + before, 0)

    foreseen = minute.last_turn(now, line)

    assert foreseen == send(minute, [(now - 1000.0, 0)] + [(0, 0)] * (line - 1))[-1][0]


def test_what_an_answer_really_took_makes_room():
    minute = Minute(None, 1000)
    sent = minute.add(1000.0, 900)
    assert minute.earliest(1001.0, 900) > 1060

    sent.tokens = 50

    assert minute.earliest(1001.0, 900) == 1001.0


def test_one_that_is_larger_than_a_minute_goes_alone():
    minute = Minute(None, 1000)
    minute.add(1000.0, 1)

    at = minute.earliest(1001.0, 5000)
    minute.add(at, 5000)

    assert at == 1000.0 + WINDOW_S
    assert minute.earliest(at, 1) == at + WINDOW_S


def test_one_that_was_not_sent_after_all_takes_no_place():
    minute = Minute(1, None)
    sent = minute.add(1000.0, 1)

    minute.take_back(sent)

    assert minute.earliest(1001.0, 1) == 1001.0


def test_without_limits_nothing_waits_and_nothing_is_kept():
    minute = Minute(None, None)
    for _ in range(1000):
        minute.add(1000.0, 1_000_000)

    assert minute.earliest(1000.0, 1_000_000) == 1000.0
    assert not minute._sent


def test_jobs_share_a_server_and_the_smallest_number_counts():
    known = [
        Upstream("http://a/v1", "m", None, 8, requests_per_minute=60),
        Upstream("http://a/v1", "m", None, 2, requests_per_minute=90, tokens_per_minute=1000),
        Upstream("http://b/v1", "m"),
    ]

    assert limits_of(known) == {
        ("http://a/v1", "m"): Limits(2, 60, 1000),
        ("http://b/v1", "m"): Limits(16, None, None),
    }


def test_what_an_earlier_start_sent_takes_its_turns():
    begun = row().at
    rows = [row(number, upstream="http://a/v1", model="m", latency_ms=0.0) for number in range(10)]

    (sent,) = sent_lately(rows, now=begun + 10, loop_now=1000.0).values()

    assert Minute(10, None, sent).earliest(1000.0, 0) == 990.0 + WINDOW_S
    assert Minute(None, 155, sent).earliest(1000.0, 20) == 990.0 + WINDOW_S
    assert Minute(11, 200, sent).earliest(1000.0, 20) == 1000.0


def test_of_an_earlier_start_every_try_counts_from_the_end_of_its_call():
    place = {"upstream": "http://a/v1", "model": "m"}
    begun = row().at
    rows = [
        row(0, **place, latency_ms=70_000.0, attempts=2),
        row(1, **place),  # more than a minute ago
        row(69, **place, attempts=0, cached=True),
        failed(68, **place, outcome="upstream_unreachable", bytes_in=400, latency_ms=1000.0),
        failed(67, **place, bytes_in=400, latency_ms=500.0),
        row(99, **place, latency_ms=0.0),  # the clock was set back since
        row(69, upstream="http://b/v1", model="m", latency_ms=500.0),
    ]

    sent = sent_lately(rows, now=begun + 70, loop_now=1000.0)

    assert [(one.at, one.tokens) for one in sent["http://a/v1", "m"]] == [
        (997.5, 100), (999.0, 0), (1000.0, 15), (1000.0, 15), (1000.0, 15),
    ]  # fmt: skip
    assert [one.at for one in sent["http://b/v1", "m"]] == [999.5]
