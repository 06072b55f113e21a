"""Whoever asks again gets what was said before, however the first time ended; whoever asks twice gets two answers."""

import asyncio
import itertools
import json
import socket
import sqlite3
import threading
from contextlib import contextmanager

import pytest

from hub.gateway.config import Books, Upstream
from hub.gateway.protocol import Ended
from hub.ledger import read_rows
from tests.fakes.upstream import FakeUpstream
from tests.hub.gateway.support import CHAT, gateway, question, until

PATH = f"candidate/arc/{CHAT}"


class Fickle(FakeUpstream):
    """Never says the same twice; may be told to wait before it does."""

    def __init__(self, **options):
        words, self.may_answer = itertools.count(1), threading.Event()
        self.may_answer.set()

        def answer(_body):
            self.may_answer.wait(60)
            return f"answer {next(words)}"

        super().__init__(**{"answer": answer, **options})


def kept(tmp_path, cache="run", name="run"):
    ledger = tmp_path / f"{name}.sqlite"
    return Books(ledger, cache, {"run": ledger, "shared": tmp_path / "shared.sqlite", "off": None}[cache])


def serve(tmp_path, *parts, books=None, up=None, deadline_s=10.0, **changes):
    """Run each of `parts(client, up)` as a start of the job, all before one upstream; return what they returned."""

    async def run(part, session):
        upstream = Upstream(up.base_url, "m", None, 64, deadline_s, **changes)
        async with gateway(
            tmp_path, {"candidate": upstream, "judge": upstream}, books=books or kept(tmp_path), session=session
        ) as client:
            return await part(client, up)

    up = up or Fickle()
    with up:
        return [asyncio.run(run(part, session)) for session, part in enumerate(parts, 1)]


def text(got):
    return got.json["choices"][0]["message"]["content"]


async def ask(client, *contents, **fields):
    return [text(await client.post(PATH, question(content, **fields))) for content in contents]


async def leave(client, up, body):
    """Ask, and leave as soon as the upstream has been asked."""
    before = len(up.requests)
    asked = asyncio.ensure_future(client.post(PATH, body))
    await until(lambda: len(up.requests) > before)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)


def test_who_asks_twice_gets_two_answers(tmp_path):
    async def steps(client, up):
        return await ask(client, "a", "a", "b", "a"), len(up.requests)

    assert serve(tmp_path, steps) == [(["answer 1", "answer 2", "answer 3", "answer 4"], 4)]


def test_sampled_requests_that_are_asked_at_once_stay_as_many_answers(tmp_path):
    async def steps(client, up):
        got = await asyncio.gather(*(client.post(PATH, question(temperature=1)) for _ in range(8)))
        rows = await client.ended(8)
        return {text(each) for each in got}, sorted(row.number for row in rows), {row.key for row in rows}

    [(texts, numbers, keys)] = serve(tmp_path, steps)

    assert len(texts) == 8
    assert numbers == list(range(8))
    assert len(keys) == 1


def test_the_next_start_gets_the_same_answers_in_the_same_order(tmp_path):
    async def steps(client, up):
        return await ask(client, "a", "a", "b", "a"), len(up.requests)

    first, second = serve(tmp_path, steps, steps)

    assert second == first


def test_what_was_not_asked_before_is_asked_in_the_next_start(tmp_path):
    async def second(client, up):
        return await ask(client, "a", "a")

    assert serve(tmp_path, lambda client, up: ask(client, "a"), second) == [["answer 1"], ["answer 1", "answer 2"]]


@pytest.mark.parametrize("stream", [False, True])
def test_who_gives_up_and_asks_again_gets_the_answer_that_is_on_its_way(tmp_path, stream):
    async def steps(client, up):
        up.may_answer.clear()
        await leave(client, up, question(stream=stream))
        again = asyncio.ensure_future(client.post(PATH, question(stream=stream)))
        await asyncio.sleep(0.05)
        up.may_answer.set()
        return (await again).body, len(up.requests), await client.ended(2)

    [(body, requests, rows)] = serve(tmp_path, steps)

    assert b"answer" in body
    assert requests == 1
    assert [(row.outcome, row.number, row.attempts, row.cached) for row in sorted(rows, key=lambda row: row.at)] == [
        ("client_left", 0, 1, False),
        ("ok", 0, 0, True),
    ]


@pytest.mark.parametrize("stream", [False, True])
def test_what_a_client_left_behind_is_kept_and_accounted(tmp_path, stream):
    body = question(stream=stream, stream_options={"include_usage": True})

    async def steps(client, up):
        up.may_answer.clear()
        await leave(client, up, body)
        up.may_answer.set()
        (row,) = await client.ended(1)
        got = await client.post(PATH, body)
        return row, got.body, len(up.requests)

    [(row, answer, requests)] = serve(tmp_path, steps)

    assert (row.outcome, row.status, row.delivered, row.attempts) == ("client_left", 499, False, 1)
    assert (row.tokens_in, row.tokens_out) == (5, 2)
    assert b"answer" in answer
    assert requests == 1


def test_a_client_that_leaves_in_the_middle_of_a_stream_finds_all_of_it_later(tmp_path):
    words = "word " * 2000

    async def steps(client, up):
        async with client.session.post(f"http://gateway/{PATH}", json=question(stream=True)) as response:
            await response.content.readany()
        (row,) = await client.ended(1)
        got = await client.post(PATH, question(stream=True))
        return row.outcome, got.events, len(up.requests)

    [(outcome, events, requests)] = serve(tmp_path, steps, up=FakeUpstream(answer=lambda _body: words))

    assert outcome == "client_left"
    assert events[-1] == "[DONE]"
    assert len(events) > 2000
    assert requests == 1


@contextmanager
def nothing_can_be_written(file):
    """Hold the file as another process may."""
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("COMMIT")
        other.close()


def test_no_client_has_an_answer_that_is_not_on_disk(tmp_path):
    async def steps(client, up):
        with nothing_can_be_written(client.books.answers):
            asked = asyncio.ensure_future(client.post(PATH))
            await until(lambda: up.requests)
            await asyncio.sleep(0.1)
            early = asked.done()
        return early, text(await asked)

    assert serve(tmp_path, steps) == [(False, "answer 1")]


def test_a_stream_is_passed_on_but_its_end_is_held_until_the_whole_is_on_disk(tmp_path):
    async def steps(client, up):
        with nothing_can_be_written(client.books.answers):
            response = await client.session.post(f"http://gateway/{PATH}", json=question(stream=True))
            early = b""
            while b"second" not in early:
                early += await response.content.readany()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(response.content.readany(), 0.1)
        return early, early + await response.content.read()

    [(early, whole)] = serve(tmp_path, steps, up=FakeUpstream(answer=lambda _body: "first second"))

    assert b'"finish_reason": "stop"' not in early
    assert b'"finish_reason": "stop"' in whole
    assert whole.endswith(b"data: [DONE]\n\n")


def test_a_kept_stream_comes_back_byte_for_byte_as_a_stream(tmp_path):
    async def steps(client, up):
        got = await client.post(PATH, question(stream=True))
        return got.body, got.headers["Content-Type"], len(up.requests)

    first, second = serve(tmp_path, steps, steps)

    assert first == second
    assert first[1] == "text/event-stream"


def test_the_same_question_as_a_stream_is_another_one(tmp_path):
    async def steps(client, up):
        await client.post(PATH, question(stream=True))
        await client.post(PATH, question(stream=False))
        return len(up.requests)

    assert serve(tmp_path, steps) == [2]


@pytest.mark.parametrize("fault", ["drop", "truncated"])
def test_a_stream_that_broke_is_not_kept(tmp_path, fault):
    async def steps(client, up):
        up.fault = fault
        broken = await client.post(PATH, question(stream=True))
        up.fault = None
        return broken.events[-1], (await client.post(PATH, question(stream=True))).events[-1], await client.ended(2)

    [(broken, whole, rows)] = serve(tmp_path, steps, up=FakeUpstream())

    assert broken["error"]["code"] == "truncated"
    assert whole == "[DONE]"
    assert [row.number for row in rows] == [0, 0]


def test_a_failure_uses_no_number_up(tmp_path):
    async def fail(client, up):
        up.fault = "401"
        return (await client.post(PATH)).status

    async def mend(client, up):
        up.fault = None
        return text(await client.post(PATH)), [row.number for row in await client.ended(2)]

    assert serve(tmp_path, fail, mend) == [401, ("answer 1", [0, 0])]


def test_with_the_cache_off_nothing_is_kept_and_all_is_accounted(tmp_path):
    async def steps(client, up):
        return await ask(client, "a", "a"), await client.ended(2)

    books = kept(tmp_path, "off")
    [(first, rows), (second, _)] = serve(tmp_path, steps, steps, books=books)

    assert (first, second) == (["answer 1", "answer 2"], ["answer 3", "answer 4"])
    assert [row.number for row in rows] == [0, 1]
    assert len({row.key for row in rows}) == 1
    assert rows[0].key


def test_with_the_cache_off_a_client_that_leaves_takes_its_request_along(tmp_path):
    async def steps(client, up):
        await leave(client, up, question())
        await until(lambda: up.cancelled == 1)
        return [(row.outcome, row.attempts) for row in await client.ended(1)]

    found = serve(tmp_path, steps, books=kept(tmp_path, "off"), up=FakeUpstream(latency_s=30))

    assert found == [[("client_left", 1)]]


def test_a_changed_identity_is_another_model(tmp_path):
    async def run(identity, up):
        upstream = Upstream(up.base_url, "m", identity=identity)
        async with gateway(tmp_path, {"candidate": upstream}, books=kept(tmp_path), session=2) as client:
            return await ask(client, "a")

    with Fickle() as up:
        found = [asyncio.run(run(identity, up)) for identity in ("one", "other", "one")]

    assert [found[0] == found[1], found[0] == found[2]] == [False, False]  # it is the same start: a second question


@pytest.mark.parametrize("path", [f"candidate/gsm8k/{CHAT}", f"judge/arc/{CHAT}"])
def test_another_data_set_or_role_gets_its_own_answer(tmp_path, path):
    async def steps(client, up):
        return text(await client.post(PATH)), text(await client.post(path))

    assert serve(tmp_path, steps) == [("answer 1", "answer 2")]


def test_a_sample_that_is_named_has_its_own_answers(tmp_path):
    async def steps(client, up):
        names = ("1", "2", "1", "caf%C3%A9%201")
        got = [await client.post(PATH, headers={"X-Evaldock-Sample": name}) for name in names]
        return [text(each) for each in got], await client.ended(4)

    [(texts, rows)] = serve(tmp_path, steps)

    assert texts == [f"answer {n}" for n in (1, 2, 3, 4)]
    assert [(row.sample, row.number) for row in rows] == [("1", 0), ("2", 0), ("1", 1), ("café 1", 0)]


def test_shared_answers_serve_other_runs(tmp_path):
    async def steps(client, up):
        return await ask(client, "a", "a", temperature=1)

    with Fickle() as up:
        upstream = {"candidate": Upstream(up.base_url, "m")}

        async def run(name):
            async with gateway(tmp_path, upstream, books=kept(tmp_path, "shared", name)) as client:
                return await steps(client, up)

        found = [asyncio.run(run(name)) for name in ("one", "other")]

    assert found == [["answer 1", "answer 2"]] * 2


def test_what_is_certain_is_asked_once_by_all_who_ask_at_the_same_time(tmp_path):
    async def steps(client, up):
        up.may_answer.clear()
        paths = [PATH, f"judge/gsm8k/{CHAT}", PATH, PATH]
        asked = [asyncio.ensure_future(client.post(path, question(temperature=0))) for path in paths]
        await until(lambda: up.requests)
        await asyncio.sleep(0.05)
        up.may_answer.set()
        got = await asyncio.gather(*asked)
        later = await client.post(PATH, question(temperature=0))
        return {text(each) for each in (*got, later)}, len(up.requests), await client.ended(5)

    [(texts, requests, rows)] = serve(tmp_path, steps, books=kept(tmp_path, "shared"))

    assert (texts, requests) == ({"answer 1"}, 1)
    assert sorted((row.number, row.cached, row.attempts) for row in rows) == [(0, False, 1), *[(0, True, 0)] * 4]


def test_two_gateways_that_ask_the_same_at_once_deliver_one_answer(tmp_path):
    async def run(up):
        upstream = {"candidate": Upstream(up.base_url, "m")}
        folders = [tmp_path / name for name in ("one", "other")]
        for folder in folders:
            folder.mkdir()
        books = [kept(tmp_path, "shared", name) for name in ("one", "other")]
        async with (
            gateway(folders[0], upstream, books=books[0]) as one,
            gateway(folders[1], upstream, books=books[1]) as other,
        ):
            return [
                await asyncio.gather(*(ask(client, f"{n}", temperature=0) for client in (one, other)))
                for n in range(20)
            ]

    with Fickle() as up:
        assert all(one == other for one, other in asyncio.run(run(up)))


def test_a_disk_that_is_full_gives_no_answer_and_ends_the_gateway(tmp_path):
    async def steps(client, up):
        await client.post(PATH, question("before"))
        client.server._ledger._database._here.execute("PRAGMA max_page_count = 5")
        got = await client.post(PATH, question("x" * 100_000))
        await client.post(PATH, question("y"))
        return got, client.failures

    big = Fickle(answer=lambda _body: "z" * 100_000)
    [(got, told)] = serve(tmp_path, steps, up=big)

    assert (got.status, got.error["code"]) == (500, "books")
    assert "the gateway ends: the disk is full" in got.error["message"]
    assert "the disk is full" in told[0]


def test_what_a_full_disk_loses_is_in_the_ledger_with_what_it_took(tmp_path):
    async def steps(client, up):
        await client.post(PATH, question("before"))
        client.server._ledger._database._here.execute("PRAGMA max_page_count = 7")
        await client.post(PATH, question("x"))
        return await client.ended(2)

    [rows] = serve(tmp_path, steps, up=Fickle(answer=lambda _body: "z" * 100_000))

    assert [(row.outcome, row.attempts, row.tokens_in is None) for row in rows] == [
        ("ok", 1, False),
        ("gateway_error", 1, False),
    ]


def test_calls_that_are_in_no_ledger_are_counted_at_the_end(tmp_path):
    async def steps(client, up):
        client.server._ledger._database._here.execute("PRAGMA max_page_count = 1")  # what it has by now
        for _ in range(12):
            await client.post(PATH, headers={"X-Evaldock-Sample": "s" * 1024})
        return client.failures

    books = kept(tmp_path, "off")
    [told] = serve(tmp_path, steps, books=books)

    lost = 12 - len(list(read_rows(books.ledger)))
    assert 0 < lost < 12
    assert told[-1] == f"{lost} calls could not be written down, so the usage that is reported is too low"


def test_a_job_s_end_waits_a_little_for_what_its_clients_left_behind(tmp_path):
    news = []

    async def run(up):
        upstream = {"candidate": Upstream(up.base_url, "m")}
        async with gateway(tmp_path, upstream, books=kept(tmp_path), news=news.append) as client:
            up.may_answer.clear()
            await leave(client, up, question())
            ending = asyncio.ensure_future(client.server.end("job"))
            await asyncio.sleep(0.05)
            early = list(news)
            up.may_answer.set()
            await ending
            return early, [(row.outcome, row.attempts, row.tokens_out) for row in client.rows()]

    with Fickle() as up:
        assert asyncio.run(run(up)) == ([], [("client_left", 1, 2)])
    assert news == [Ended("job")]


def test_what_takes_longer_is_given_up_at_a_job_s_end_and_accounted(tmp_path):
    async def run(up):
        upstream = {"candidate": Upstream(up.base_url, "m")}
        async with gateway(tmp_path, upstream, books=kept(tmp_path)) as client:
            await leave(client, up, question())
            await client.server.end("job", grace_s=0.05)
            return [(row.outcome, row.attempts) for row in client.rows()]

    with FakeUpstream(latency_s=30) as up:
        assert asyncio.run(run(up)) == [("client_left", 1)]


def test_large_requests_and_answers_are_kept_like_others(tmp_path):
    body = question("x" * (1 << 20))

    async def steps(client, up):
        got = await client.post(PATH, body)
        return len(text(got)), len(up.requests)

    large = FakeUpstream(answer=lambda _body: "y" * (2 << 20))
    assert serve(tmp_path, steps, steps, up=large) == [(2 << 20, 1)] * 2


def test_models_are_neither_kept_nor_accounted(tmp_path):
    async def steps(client, up):
        got = [await client.get("candidate/arc/v1/models") for _ in range(2)]
        return [each.status for each in got], len(up.requests), client.rows()

    assert serve(tmp_path, steps) == [([200, 200], 2, [])]


def test_clients_that_close_before_anybody_knows_use_no_number_up(tmp_path):
    body = json.dumps(question("again")).encode()
    request = f"POST /{PATH} HTTP/1.1\r\nHost: g\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body

    async def steps(client, up):
        for _ in range(10):
            with socket.socket(socket.AF_UNIX) as impatient:
                impatient.connect(str(tmp_path / "gateway.sock"))
                impatient.sendall(request)
            await asyncio.sleep(0.01)
        return await ask(client, "again", "again"), len(up.requests)

    assert serve(tmp_path, steps) == [(["answer 1", "answer 2"], 2)]


@pytest.mark.parametrize("cache", ["run", "off"])
def test_a_client_that_leaves_while_it_asks_has_a_row_and_asks_nothing(tmp_path, cache):
    async def steps(client, up):
        with socket.socket(socket.AF_UNIX) as hasty:
            hasty.connect(str(tmp_path / "gateway.sock"))
            hasty.sendall(f"POST /{PATH} HTTP/1.1\r\nHost: g\r\nContent-Length: 100\r\n\r\n{{".encode())
            await asyncio.sleep(0.05)
        (row,) = await client.ended(1)
        return row.outcome, row.status, row.key, len(up.requests)

    assert serve(tmp_path, steps, books=kept(tmp_path, cache)) == [("client_left", 499, "", 0)]


def test_a_client_that_is_told_that_its_time_is_over_has_not_left(tmp_path):
    async def steps(client, up):
        up.may_answer.clear()
        late = await client.post(PATH)
        up.may_answer.set()
        return late.status, (await client.ended(1))[0].outcome

    assert serve(tmp_path, steps, deadline_s=0.3) == [(504, "upstream_timeout")]
