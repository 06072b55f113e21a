"""Clients that never give up: what they cost, and how soon their job is told off."""

import asyncio

import pytest

from hub.gateway.config import Books, Retry, Upstream, Verdict
from tests.fakes.upstream import FakeUpstream
from tests.hub.gateway.support import CHAT, gateway, question

ATTEMPTS = 2


def loop(folder, fault, times, *, cache="run", same=True, stream=False):
    """Ask again and again; return the upstream's requests, the ledger's rows and the verdicts."""
    news, file = [], folder / "ledger.sqlite"

    async def steps(up):
        retry = Retry(attempts=ATTEMPTS, first_wait_s=0.01, longest_wait_s=0.01)
        upstream = Upstream(up.base_url, "m", deadline_s=5.0, retry=retry)
        books = Books(file, cache, None if cache == "off" else file)
        async with gateway(folder, {"candidate": upstream}, books=books, news=news.append) as client:
            for number in range(times):
                body = question("6 x 7" if same else str(number), stream=stream)
                await client.post(f"candidate/arc/{CHAT}", body)
            return await client.ended(times)

    with FakeUpstream(fault=fault) as up:
        rows = asyncio.run(steps(up))
        return up.requests, rows, [event for event in news if isinstance(event, Verdict)]


@pytest.mark.parametrize("cache", ["run", "shared", "off"])
@pytest.mark.parametrize(("fault", "sent"), [("500", ATTEMPTS), ("404", 1)])
def test_a_request_that_failed_for_good_is_asked_no_more_and_a_hundred_repetitions_are_a_loop(
    tmp_path, cache, fault, sent
):
    requests, rows, verdicts = loop(tmp_path, fault, 101, cache=cache)

    assert len(requests) == sent
    assert [row.attempts for row in rows] == [sent] + [0] * 100
    assert len({(row.key, row.number, row.status) for row in rows}) == 1
    assert [(verdict.job_id, verdict.kind) for verdict in verdicts] == [("job", "loop")]


def test_a_hundred_different_failures_are_none(tmp_path):
    requests, _, verdicts = loop(tmp_path, "404", 101, same=False)

    assert len(requests) == 101
    assert verdicts == []


def test_a_stream_that_breaks_is_asked_as_often_as_a_request_is_tried(tmp_path):
    requests, rows, _ = loop(tmp_path, "drop", 5, stream=True)

    assert len(requests) == ATTEMPTS
    assert [row.status for row in rows] == [502] * 5


def test_a_key_that_is_refused_ten_times_is_asked_no_more(tmp_path):
    requests, rows, verdicts = loop(tmp_path, "401", 15, same=False)

    assert len(requests) == 10
    assert {row.status for row in rows} == {401}
    assert [verdict.kind for verdict in verdicts] == ["key"]
