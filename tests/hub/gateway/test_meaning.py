from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.gateway.call import Failure
from hub.gateway.meaning import blames_request, health_of, refuses_key, retry_after_s, was_sent, worth_another_try

NOW = 1_700_000_000.0


def failure(kind, code="x", status=502):
    return Failure(status, kind, code, "it failed")


# What the upstream did, whether it is tried again, how the server is then.
TABLE = [
    (failure("upstream_unreachable", "connect"), True, "away"),
    (failure("upstream_unreachable", "dns"), True, "away"),
    (failure("upstream_unreachable", "tls"), True, "away"),
    (failure("upstream_unreachable", "dropped"), True, "failing"),
    (failure("upstream_timeout", "connect_timeout", 504), True, "away"),
    (failure("upstream_timeout", "timeout", 504), True, "failing"),
    (failure("upstream_invalid", "not_json"), True, "failing"),
    (failure("upstream_invalid", "truncated"), True, "failing"),
    (failure("upstream_invalid", "no_answer"), True, "failing"),
    (failure("upstream_invalid", "redirect"), False, "failing"),
    (failure("upstream_invalid", "too_large"), False, "alive"),
    (failure("upstream_error", "http_500"), True, "failing"),
    (failure("upstream_error", "http_503", 503), True, "away"),
    (failure("upstream_error", "http_504", 504), True, "failing"),
    (failure("upstream_error", "rate_limit_exceeded", 429), True, "alive"),
    (failure("upstream_error", "insufficient_quota", 429), False, "alive"),
    (failure("upstream_error", "http_408", 408), True, "alive"),
    (failure("conflict", "http_409", 409), True, "alive"),
    (failure("upstream_error", "http_425", 425), True, "alive"),
    (failure("invalid_request_error", "context_length_exceeded", 400), False, "alive"),
    (failure("auth", "bad_key", 401), False, "alive"),
    (failure("upstream_error", "http_404", 404), False, "alive"),
]


@pytest.mark.parametrize(("told", "again", "health"), TABLE, ids=lambda value: getattr(value, "code", str(value)))
def test_every_kind_of_failure_has_its_meaning(told, again, health):
    assert worth_another_try(told) is again
    assert health_of(told) == health
    assert was_sent(told)


def test_an_answer_is_alive():
    assert health_of(None) == "alive"


@pytest.mark.parametrize(
    "told",
    [
        failure("upstream_timeout", "queue_timeout", 504),
        failure("upstream_unreachable", "queue_timeout", 502),
        failure("upstream_error", "retry_after", 429),
        failure("upstream_down", "outage", 503),
        failure("budget_spent", "insufficient_quota", 402),
    ],
    ids=lambda told: told.code,
)
def test_what_a_call_is_told_that_was_not_sent_is_final_and_says_nothing_of_the_request(told):
    assert not worth_another_try(told)
    assert not was_sent(told)


@pytest.mark.parametrize(
    ("status", "blamed"),
    [(400, True), (413, True), (422, True), (401, False), (403, False), (404, False), (429, False), (502, False)],
)
def test_a_request_that_cannot_be_answered_is_told_by_the_status(status, blamed):
    assert blames_request(failure("invalid_request_error", "x", status)) is blamed
    assert blames_request(failure("BadRequestError", "x", status)) is blamed


@pytest.mark.parametrize(
    ("status", "code", "refused"),
    [(401, "x", True), (403, "x", True), (429, "insufficient_quota", True), (429, "x", False), (500, "x", False)],
)
def test_a_refused_key_is_told_from_other_refusals(status, code, refused):
    assert refuses_key(failure("upstream_error", code, status)) is refused


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ((), None),
        ((("Retry-After", "7"),), 7.0),
        ((("RETRY-AFTER", " 1.5 "),), 1.5),
        ((("Retry-After", formatdate(NOW + 90, usegmt=True)),), 90.0),
        ((("Retry-After", formatdate(NOW - 90, usegmt=True)),), 0.0),
        ((("Retry-After", "7"), ("retry-after-ms", "250")), 0.25),
        ((("Retry-After", "-3"),), 0.0),
        ((("Retry-After", "99999999999"),), 3600.0),
        ((("Retry-After", "1e400"),), None),
        ((("Retry-After", "nan"),), None),
        ((("Retry-After", "soon"),), None),
        ((("Retry-After", "Wed, 99 Oct 2015 07:28:00 GMT"),), None),
        ((("Retry-After", ""),), None),
        ((("X-Other", "7"),), None),
    ],
)
def test_retry_after_is_read_and_bounded(headers, seconds):
    found = retry_after_s(headers, NOW)

    assert found == (None if seconds is None else pytest.approx(seconds))


@given(st.text())
def test_any_retry_after_may_come(text):
    found = retry_after_s((("Retry-After", text),), NOW)

    assert found is None or 0 <= found <= 3600
