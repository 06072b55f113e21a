import asyncio
import gzip
import json
import threading

import pytest

from hub.gateway import room
from hub.gateway.config import Books, Upstream
from tests.fakes.upstream import FakeUpstream, last_message
from tests.hub.gateway.support import CHAT, KEY, KEY_ENV, PATIENCE_S, Client, gateway, question


def ask(tmp_path, steps, *, environ=None, roles=("candidate",), key_env=None, deadline_s=PATIENCE_S, **fake):
    """Run `steps(client, upstream)` against a gateway before a fake upstream."""

    async def run(up):
        upstream = Upstream(up.base_url, "real-model", key_env, 64, deadline_s)
        async with gateway(tmp_path, dict.fromkeys(roles, upstream), environ) as client:
            return await steps(client, up)

    with FakeUpstream(**fake) as up:
        return asyncio.run(run(up))


def test_a_chat_completion_comes_back_as_the_upstream_wrote_it(tmp_path):
    async def steps(client: Client, up: FakeUpstream):
        return await client.post(f"candidate/arc/{CHAT}"), up.requests[0]

    got, request = ask(tmp_path, steps, answer=lambda body: "42")

    assert got.status == 200
    assert got.json["choices"][0]["message"]["content"] == "42"
    assert got.json["model"] == "real-model"
    assert request.path == "/v1/chat/completions"


def test_the_model_is_rewritten_and_unknown_fields_pass(tmp_path):
    body = question(top_k=3, extra_body={"deep": [1, None, "é😀"]}, seed=12345678901234567890)

    async def steps(client: Client, up: FakeUpstream):
        await client.post(f"candidate/arc/{CHAT}", body)
        return up.requests[0].json

    assert ask(tmp_path, steps) == {**body, "model": "real-model"}


def test_a_body_without_a_model_gets_one(tmp_path):
    async def steps(client: Client, up: FakeUpstream):
        await client.post(f"candidate/arc/{CHAT}", {"messages": [{"role": "user", "content": "hi"}]})
        return up.requests[0].json["model"]

    assert ask(tmp_path, steps) == "real-model"


def test_text_completions_and_embeddings_pass(tmp_path):
    async def steps(client: Client, up: FakeUpstream):
        text = await client.post("candidate/arc/v1/completions", {"prompt": "2+2"})
        vectors = await client.post("candidate/arc/v1/embeddings", {"input": ["a", "bcd"]})
        return text, vectors

    text, vectors = ask(tmp_path, steps)

    assert text.json["choices"][0]["text"] == "2+2"
    assert [entry["embedding"][0] for entry in vectors.json["data"]] == [1.0, 3.0]


def test_models_come_from_the_upstream(tmp_path):
    async def steps(client: Client, up: FakeUpstream):
        return await client.get("candidate/arc/v1/models")

    assert [entry["id"] for entry in ask(tmp_path, steps, models=("a", "b")).json["data"]] == ["a", "b"]


@pytest.mark.parametrize("fault", ["refuse", "401", "500", "html", "hang", "drop"])
def test_models_are_answered_even_where_the_upstream_lists_none(tmp_path, fault):
    async def steps(client: Client, up: FakeUpstream):
        return await client.get("candidate/arc/v1/models")

    got = ask(tmp_path, steps, fault=fault, deadline_s=0.4)

    assert got.status == 200
    assert [entry["id"] for entry in got.json["data"]] == ["real-model"]


def test_a_stream_passes_event_by_event(tmp_path):
    async def steps(client: Client, up: FakeUpstream):
        return await client.post(
            f"candidate/arc/{CHAT}", question(stream=True, stream_options={"include_usage": True})
        )

    got = ask(tmp_path, steps, answer=lambda body: "six times seven")

    assert got.headers["Content-Type"] == "text/event-stream"
    words = [event["choices"][0]["delta"].get("content", "") for event in got.events[:-2]]
    assert "".join(words) == "six times seven"
    assert got.events[-2]["usage"]["completion_tokens"] == 3
    assert got.events[-1] == "[DONE]"


def test_the_first_event_arrives_before_the_last_is_written(tmp_path):
    async def steps(client: Client, up: FakeUpstream):
        url = f"http://gateway/candidate/arc/{CHAT}"
        async with client.session.post(url, json=question(stream=True)) as response:
            return await asyncio.wait_for(response.content.readline(), PATIENCE_S / 2)

    assert b"first" in ask(tmp_path, steps, fault="hang")


def test_the_key_replaces_the_client_s_and_private_headers_stay_here(tmp_path):
    headers = {
        "Authorization": "Bearer of-the-client",
        "Cookie": "a=b",
        "X-Api-Key": "of-the-client",
        "X-Evaldock-Sample": "17",
        "X-Custom": "kept",
        "Connection": "keep-alive, X-Hop",
        "X-Hop": "dropped",
    }

    async def steps(client: Client, up: FakeUpstream):
        got = await client.post(f"candidate/arc/{CHAT}", headers=headers)
        return got, up.requests[0].headers

    got, sent = ask(tmp_path, steps, key_env=KEY_ENV, environ={KEY_ENV: f"{KEY}\n"})

    assert sent["authorization"] == f"Bearer {KEY}"
    assert sent["x-custom"] == "kept"
    assert not {"cookie", "x-api-key", "x-evaldock-sample", "x-hop"} & sent.keys()
    assert "of-the-client" not in str(sent)
    assert "Set-Cookie" not in got.headers
    assert got.headers["X-Request-Id"] == "fake-1"


def test_without_a_key_no_authorization_is_sent(tmp_path):
    async def steps(client: Client, up: FakeUpstream):
        await client.post(f"candidate/arc/{CHAT}", headers={"Authorization": "Bearer of-the-client"})
        return up.requests[0].headers

    assert "authorization" not in ask(tmp_path, steps)


def test_a_quoted_dataset_name_is_counted_by_its_real_name(tmp_path):
    async def steps(client: Client, up: FakeUpstream):
        await client.post(f"candidate/static%2Fin_domain%20%C3%A9/{CHAT}")
        return await client.ended(1)

    (row,) = ask(tmp_path, steps)

    assert (row.role, row.dataset, row.status) == ("candidate", "static/in_domain é", 200)


@pytest.mark.parametrize(
    ("path", "status", "named"),
    [
        (f"second/arc/{CHAT}", 404, "it has: candidate, judge"),
        ("candidate/arc/v1/audio", 404, "chat/completions, completions, embeddings, models"),
        ("candidate/v1/chat/completions", 404, "/<role>/<dataset>/v1/"),
        ("", 404, "/<role>/<dataset>/v1/"),
        ("candidate/arc/v1/models", 405, "GET"),
    ],
)
def test_an_unknown_path_is_told_what_there_is(tmp_path, path, status, named):
    async def steps(client: Client, up: FakeUpstream):
        return await client.post(path), up.requests

    got, requests = ask(tmp_path, steps, roles=("candidate", "judge"))

    assert got.status == status
    assert got.error["type"] == "invalid_request_error"
    assert named in got.error["message"]
    assert requests == []


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"[" * 100_000, b"\xff"])
def test_a_body_that_is_no_json_object_never_leaves(tmp_path, body):
    async def steps(client: Client, up: FakeUpstream):
        return await client.post(f"candidate/arc/{CHAT}", body), up.requests, await client.statuses()

    got, requests, statuses = ask(tmp_path, steps)

    assert got.status == 400
    assert got.error["type"] == "invalid_request_error"
    assert requests == []
    assert statuses == {400: 1}


def test_the_health_path_answers_and_is_not_counted(tmp_path):
    async def steps(client: Client, up: FakeUpstream):
        return await client.get("healthz"), client.rows()

    got, rows = ask(tmp_path, steps)

    assert got.json == {"status": "ok"}
    assert rows == []


def test_twenty_mebibytes_pass_both_ways(tmp_path):
    text = "x" * (20 << 20)

    async def steps(client: Client, up: FakeUpstream):
        return await client.post(f"candidate/arc/{CHAT}", question(text))

    assert ask(tmp_path, steps).json["choices"][0]["message"]["content"] == text


def test_more_than_64_mebibytes_are_refused(tmp_path):
    async def steps(client: Client, up: FakeUpstream):
        return await client.post(f"candidate/arc/{CHAT}", b" " * ((64 << 20) + 1)), up.requests

    got, requests = ask(tmp_path, steps)

    assert got.status == 413
    assert got.error["code"] == "too_large"
    assert requests == []


def test_thirty_two_at_once_each_get_their_own_answer(tmp_path):
    meeting = threading.Barrier(32, timeout=PATIENCE_S / 2)  # nobody is answered before all have asked

    def answer(body):
        meeting.wait()
        return last_message(body)

    async def steps(client: Client, up: FakeUpstream):
        asked = [client.post(f"candidate/arc/{CHAT}", question(f"number {n}")) for n in range(32)]
        return await asyncio.gather(*asked), await client.statuses(32), up.peak

    answers, statuses, peak = ask(tmp_path, steps, answer=answer)

    said = [got.json["choices"][0]["message"]["content"] for got in answers]
    assert said == [f"number {n}" for n in range(32)]
    assert statuses == {200: 32}
    assert peak == 32


def test_connections_are_used_again(tmp_path):
    async def steps(client: Client, up: FakeUpstream):
        for _ in range(5):
            await client.post(f"candidate/arc/{CHAT}")
        return up.connections

    assert ask(tmp_path, steps) == 1


def test_the_rates_count_what_an_earlier_gateway_of_the_run_sent(tmp_path):
    books = Books(tmp_path / "ledger.sqlite", "off")

    async def steps(up):
        limited = Upstream(up.base_url, "m", deadline_s=5.0, requests_per_minute=1)
        for number in (1, 2):
            async with gateway(tmp_path, {"candidate": limited}, books=books, session=number) as client:
                got = await client.post(f"candidate/arc/{CHAT}")
        return got

    with FakeUpstream() as up:
        got = asyncio.run(steps(up))

    assert got.error["code"] == "queue_timeout"
    assert len(up.requests) == 1


def test_the_query_passes(tmp_path):
    async def steps(client: Client, up: FakeUpstream):
        await client.post(f"candidate/arc/{CHAT}?api-version=2024%2D10")
        return up.requests[0].path

    assert ask(tmp_path, steps) == "/v1/chat/completions?api-version=2024%2D10"


def test_an_answer_s_bytes_are_not_touched(tmp_path):
    async def steps(client: Client, up: FakeUpstream):
        got = await client.post(f"candidate/arc/{CHAT}")
        return got.body

    body = ask(tmp_path, steps, answer=lambda body: {"content": "é", "tool_calls": [{"id": "t"}]})

    assert json.loads(body)["choices"][0]["message"]["tool_calls"] == [{"id": "t"}]
    assert b"\\u00e9" in body


def test_a_proxy_of_the_environment_is_asked(tmp_path, monkeypatch):
    async def run(up):
        upstream = Upstream("http://api.example.invalid/v1", "m", KEY_ENV)
        async with gateway(tmp_path, {"candidate": upstream}, {KEY_ENV: KEY}) as client:
            await client.post(f"candidate/arc/{CHAT}")
        return up.requests[0].path

    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with FakeUpstream() as up:
        monkeypatch.setenv("http_proxy", up.base_url.removesuffix("/v1"))

        assert asyncio.run(run(up)) == "http://api.example.invalid/v1/chat/completions"


def test_a_body_that_is_not_packed_as_it_says_is_refused(tmp_path):
    async def steps(client: Client, up: FakeUpstream):
        return await client.post(f"candidate/arc/{CHAT}", headers={"Content-Encoding": "gzip"})

    got = ask(tmp_path, steps)

    assert (got.status, got.error["code"]) == (400, "unreadable")


def test_large_bodies_wait_for_those_before_them(tmp_path, monkeypatch):
    monkeypatch.setattr(room.Room.__init__, "__defaults__", (5 << 20,))

    async def steps(client: Client, up: FakeUpstream):
        asked = [client.post(f"candidate/arc/{CHAT}", question("x" * (2 << 20))) for _ in range(6)]
        small = client.post(f"candidate/arc/{CHAT}")
        return [got.status for got in await asyncio.gather(*asked, small)], up.peak

    statuses, at_once = ask(tmp_path, steps, latency_s=0.2)

    assert statuses == [200] * 7
    assert at_once <= 3  # two large ones and the small one; fewer where the machine is slow to send them


def test_a_large_body_for_which_there_is_never_room_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr(room.Room.__init__, "__defaults__", (3 << 20,))

    async def steps(client: Client, up: FakeUpstream):
        asked = [client.post(f"candidate/arc/{CHAT}", question("x" * (2 << 20))) for _ in range(2)]
        return sorted(got.status for got in await asyncio.gather(*asked)), await client.statuses(2)

    assert ask(tmp_path, steps, deadline_s=0.7, latency_s=5) == ([504, 504], {504: 2})


def test_a_body_of_unknown_length_passes(tmp_path):
    async def pieces():
        yield b'{"messages": [{"role": "user", "content": "'
        for _ in range(30):
            yield b"x" * 100_000
        yield b'"}]}'

    async def steps(client: Client, up: FakeUpstream):
        got = await client.ask("POST", f"candidate/arc/{CHAT}", data=pieces())
        return got.status, len(got.json["choices"][0]["message"]["content"]), await client.ended(1)

    status, size, (row,) = ask(tmp_path, steps)

    assert (status, size) == (200, 3_000_000)
    assert row.bytes_in > 3_000_000


def test_a_packed_body_is_unpacked_and_passes(tmp_path):
    packed = gzip.compress(json.dumps(question("x" * 3_000_000)).encode())

    async def steps(client: Client, up: FakeUpstream):
        got = await client.post(f"candidate/arc/{CHAT}", packed, headers={"Content-Encoding": "gzip"})
        return len(got.json["choices"][0]["message"]["content"])

    assert ask(tmp_path, steps) == 3_000_000
