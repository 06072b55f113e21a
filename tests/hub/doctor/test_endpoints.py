from email.utils import formatdate

import pytest

from hub.doctor.endpoints import call_once, clock
from hub.endpoint import Reply
from hub.finding import Finding
from tests.fakes.upstream import FakeUpstream

KEY = "canary-key"


def look(server: FakeUpstream, model: str = "mock") -> list[Finding]:
    return list(call_once("endpoint 'm'", server.base_url, model, KEY))


def test_one_token_is_asked_for_and_the_time_it_took_is_told() -> None:
    with FakeUpstream() as server:
        findings = look(server)

    (asked,) = [request for request in server.requests if request.method == "POST"]
    assert asked.json["max_tokens"] == 1
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert "answered with one token in" in findings[-2].message
    assert findings[-1].subject == "clock"
    assert all(finding.level != "missing" for finding in findings)


@pytest.mark.parametrize(
    ("model", "level", "words"),
    [
        ("fault-401", "missing", "refused the key (401)"),
        ("fault-429", "warning", "429"),
        ("fault-500", "warning", "500"),
    ],
)
def test_a_server_that_lists_models_but_does_not_answer_is_found_out(model: str, level: str, words: str) -> None:
    with FakeUpstream() as server:
        findings = look(server, model)

    worst = next(finding for finding in findings if words in finding.message)
    assert worst.level == level
    assert worst.mend


def test_a_server_that_is_not_there_is_asked_once() -> None:
    with FakeUpstream() as server:
        url = server.base_url
    (finding,) = call_once("endpoint 'm'", url, "mock", None)

    assert finding.level == "missing"


def test_the_key_is_in_no_finding_even_where_the_server_repeats_it() -> None:
    with FakeUpstream(answer=lambda _body: KEY) as server:
        findings = look(server)

    assert KEY not in repr(findings)


@pytest.mark.parametrize(("skew", "level"), [(0, "ok"), (30, "ok"), (3600, "warning"), (-3600, "warning")])
def test_a_clock_that_is_far_off_is_a_note(skew: float, level: str) -> None:
    reply = Reply(200, b"", date=formatdate(1_700_000_000 + skew, usegmt=True), seconds=0.2)

    (finding,) = clock("endpoint 'm'", reply, 1_700_000_000)

    assert finding.level == level
    assert ("behind" in finding.message) == (skew == 3600)


def test_a_server_without_a_date_says_nothing_of_the_clock() -> None:
    assert list(clock("m", Reply(200, b"", date="soon"), 0)) == []
