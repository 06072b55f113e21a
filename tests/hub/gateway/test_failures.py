import pytest

from hub.gateway import failures
from hub.gateway.config import Upstream
from hub.gateway.limits import Limits
from tests.hub.gateway.played import BROKEN, REFUSED

UPSTREAM = Upstream("http://a/v1", "m", deadline_s=600.0)
LIMITS = Limits(8, 60, 10_000)
NOON = 1_700_000_000.0  # 22:13:20 UTC


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (failures.no_place(UPSTREAM, LIMITS), "no free place within 600 s (8 calls at a time)"),
        (
            failures.no_turn(UPSTREAM, LIMITS),
            "no turn within 600 s (60 requests a minute and 10,000 tokens a minute)",
        ),
        (failures.took_too_long(UPSTREAM), "no whole answer in 600 s"),
        (failures.took_too_long(UPSTREAM, 30.0), "no whole answer in 30 s"),
    ],
)
def test_a_message_names_server_host_and_time(failure, message):
    assert failure.status == 504
    assert failure.message == f"the server of 'm' at a: {message}"


def test_who_waited_for_a_server_in_vain_is_told_what_the_server_did():
    failure = failures.still_away(UPSTREAM, REFUSED)

    assert (failure.status, failure.type, failure.code) == (502, "upstream_unreachable", "queue_timeout")
    assert failure.message == "the server of 'm' at a did not come back within 600 s: cannot be reached: refused"


def test_an_outage_says_since_when_for_how_long_and_why():
    failure = failures.down(UPSTREAM, 312.0, REFUSED, NOON)

    assert (failure.status, failure.type) == (503, "upstream_down")
    assert failure.message == (
        "the server of 'm' at a has answered no request since 22:08:08 UTC (5 min 12 s): cannot be reached: refused"
    )


def test_a_pause_that_is_too_long_says_so():
    failure = failures.asked_to_wait(UPSTREAM, 1799.2)

    assert (failure.status, failure.code) == (429, "retry_after")
    assert failure.headers == (("Retry-After", "1800"),)
    assert failure.message == (
        "the server of 'm' at a asks for a pause of 29 min 59 s, and a request may take 600 s in all"
    )


def test_after_several_tries_their_number_and_time_is_told():
    assert failures.after_tries(BROKEN, 6, 48.0).message == f"{BROKEN.message} (after 6 tries in 48.0 s)"
    assert failures.after_tries(BROKEN, 1, 48.0) is BROKEN
