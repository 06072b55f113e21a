"""An endpoint's answers are attributed to their samples; a failed request is never a score."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web

from adapters.native.contract import NativeModel
from adapters.native.evaluator.errors import UnreachableError
from adapters.native.evaluator.models.endpoint import EndpointModel
from adapters.native.evaluator.models.reply import read_reply
from adapters.native.evaluator.request import Generation, Outcome
from adapters.native.evaluator.termination import Termination
from tests.adapters.native.fake_server import Handler, completion, serving


def ask(
    monkeypatch: pytest.MonkeyPatch,
    handler: Handler,
    *,
    count: int = 1,
    chat: bool | None = None,
    timeout_s: float = 10,
    concurrency: int = 4,
    waits_s: tuple[float, ...] = (),
) -> dict[int, Outcome]:
    found: dict[int, Outcome] = {}
    target = NativeModel("endpoint", "m", "", "auto", chat)
    model = EndpointModel(target, Termination(), concurrency=concurrency, timeout_s=timeout_s, waits_s=waits_s)
    prompts = [({"role": "user", "content": str(n)},) if chat is not False else str(n) for n in range(count)]
    requests = [Generation(f"main/{n}", prompt, {"max_tokens": 5}) for n, prompt in enumerate(prompts)]
    with serving(handler) as url:
        monkeypatch.setenv("EVALDOCK_GATEWAY", url)
        try:
            model.answer("my data", requests, found.__setitem__)
        except UnreachableError as error:
            found[-1] = Outcome("skipped", error=error.reason)  # in place of all that is left
    return found


def test_a_good_answer_carries_text_tokens_and_latency(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.raw_path, request.headers["X-Evaldock-Sample"], await request.json()))
        return completion("hello")

    (outcome,) = ask(monkeypatch, handler).values()

    assert (outcome.state, outcome.text, outcome.tokens_in, outcome.tokens_out) == ("scored", "hello", 3, 2)
    assert outcome.latency_s is not None
    path, sample, body = seen[0]
    assert (path, sample) == ("/candidate/my%20data/v1/chat/completions", "main/0")
    assert body == {"model": "m", "messages": [{"role": "user", "content": "0"}], "max_tokens": 5, "stream": False}


def test_every_request_gets_its_own_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def handler(request: web.Request) -> web.Response:
        return completion((await request.json())["messages"][0]["content"])

    found = ask(monkeypatch, handler, count=50)

    assert {index: outcome.text for index, outcome in found.items()} == {n: str(n) for n in range(50)}


def test_the_window_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    now, most = 0, 0

    async def handler(_: web.Request) -> web.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        return completion("x")

    ask(monkeypatch, handler, count=20, concurrency=3)

    assert most == 3


def test_an_overloaded_server_is_asked_less_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    arrived, now, seen = 0, 0, []
    together = asyncio.Event()

    async def handler(_: web.Request) -> web.Response:
        nonlocal arrived, now
        arrived, now = arrived + 1, now + 1
        number = arrived
        if number == 16:
            together.set()
        if 8 < number <= 16:
            await together.wait()
        elif number > 16:
            seen.append(now)
            await asyncio.sleep(0.01)
        now -= 1
        return web.Response(status=429, text="too much") if 8 < number <= 16 else completion("x")

    found = ask(monkeypatch, handler, count=30, concurrency=8)

    assert max(seen[:4]) <= 4
    assert [outcome.state for outcome in found.values()].count("infra_error") == 8


def test_chat_false_asks_for_a_text_completion(monkeypatch: pytest.MonkeyPatch) -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.path.endswith("/v1/completions")
        assert (await request.json())["prompt"] == "0"
        return web.json_response({"choices": [{"text": "hello", "finish_reason": "length"}]})

    (outcome,) = ask(monkeypatch, handler, chat=False).values()

    assert (outcome.text, outcome.truncated) == ("hello", True)


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (lambda: web.json_response({"error": {"message": "no such model"}}, status=404), "HTTP 404: no such model"),
        (lambda: web.Response(status=500, text="<html>oops</html>"), "HTTP 500: <html>oops</html>"),
        (lambda: web.Response(text="<html>login</html>"), "no JSON object: <html>login</html>"),
        (lambda: web.json_response({"choices": []}), "no content"),
        (lambda: web.json_response({"choices": "x"}), "no content"),
        (lambda: web.json_response([1]), "no JSON object"),
        (lambda: completion(None), "no content"),
        (lambda: web.Response(status=302, headers={"Location": "http://example.org"}), "HTTP 302"),
    ],
)
def test_anything_else_is_an_infra_error_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, response, reason: str
) -> None:
    async def handler(_: web.Request) -> web.Response:
        return response()

    outcome = ask(monkeypatch, handler)[0]

    assert outcome.state == "infra_error"
    assert reason in outcome.error


def test_a_slow_server_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async def handler(_: web.Request) -> web.Response:
        await asyncio.sleep(5)
        return completion("late")

    outcome = ask(monkeypatch, handler, timeout_s=0.1)[0]

    assert (outcome.state, outcome.error) == ("infra_error", "no answer within 0.1 s")


def test_no_server_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    target = NativeModel("endpoint", "m", "", "auto", None)
    model = EndpointModel(target, Termination(), concurrency=2, timeout_s=5, waits_s=())
    monkeypatch.setenv("EVALDOCK_GATEWAY", "http://127.0.0.1:9")
    found: dict[int, Outcome] = {}

    with pytest.raises(UnreachableError, match="no connection"):
        model.answer("d", [Generation("1", (), {})], found.__setitem__)

    assert found[0].state == "infra_error"


def reply(finish_reason: str = "stop", **message: object) -> Outcome:
    body = {"choices": [{"message": {"role": "assistant", **message}, "finish_reason": finish_reason}]}
    return read_reply(200, json.dumps(body).encode(), chat=True, latency_s=0.1).outcome


def test_an_empty_answer_that_ended_by_itself_is_an_answer() -> None:
    outcome = reply(content="")

    assert (outcome.state, outcome.text, outcome.error) == ("scored", "", "")


CALL = {"function": {"name": "f", "arguments": "{}"}}


@pytest.mark.parametrize("content", ["", None, "\n\n"])
@pytest.mark.parametrize(
    ("finish_reason", "message", "error"),
    [
        ("length", {}, "the answer is empty: it hit max_tokens"),
        ("length", {"reasoning_content": "hm"}, "the answer is empty: it hit max_tokens while reasoning"),
        ("length", {"reasoning": "hm"}, "the answer is empty: it hit max_tokens while reasoning"),
        ("stop", {"reasoning_content": "hm"}, "the answer is empty: the model reasoned and then said nothing"),
        ("tool_calls", {"tool_calls": [CALL]}, "the model called a tool instead of answering"),
        ("stop", {"tool_calls": [CALL], "reasoning": "hm"}, "the model called a tool instead of answering"),
        ("content_filter", {}, "the answer is empty: the server's content filter held it back"),
        ("stop", {"refusal": "I cannot."}, "the model refused to answer"),
    ],
)
def test_no_text_for_a_reason_of_the_model_s_own_is_a_model_error(
    content: str | None, finish_reason: str, message: dict[str, object], error: str
) -> None:
    outcome = reply(finish_reason, content=content, **message)

    assert (outcome.state, outcome.error) == ("model_error", error)
    assert outcome.truncated == (finish_reason == "length")


def test_an_answer_with_text_counts_whatever_comes_with_it() -> None:
    outcome = reply("length", content="4", reasoning_content="hm", tool_calls=[CALL])

    assert (outcome.state, outcome.text, outcome.truncated) == ("scored", "4", True)


def test_an_answer_without_content_is_told_without_its_json() -> None:
    outcome = reply(content=None)

    assert (outcome.state, outcome.error) == ("infra_error", "the answer has no content")


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refused_request_is_a_model_error_with_the_server_s_words(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.json_response({"error": {"message": "maximum context\n length is 512"}}, status=status)

    outcome = ask(monkeypatch, handler)[0]

    assert (outcome.state, outcome.error) == ("model_error", f"HTTP {status}: maximum context length is 512")


def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(status=503, text="down")

    found = ask(monkeypatch, handler, count=100)

    assert len(found) - 1 in range(5, 9)
    assert "5 requests in a row failed with: HTTP 503: down" in found[-1].error


def test_refused_requests_and_single_failures_do_not_stop_a_data_set(monkeypatch: pytest.MonkeyPatch) -> None:
    async def handler(request: web.Request) -> web.Response:
        number = int((await request.json())["messages"][0]["content"])
        return completion("x") if number > 20 or number % 2 else web.Response(status=400, text="too long")

    found = ask(monkeypatch, handler, count=60)

    assert [found[n].state for n in range(60)].count("model_error") == 11


def failure(kind: str, status: int = 502) -> web.Response:
    return web.json_response({"error": {"type": kind, "message": f"this is {kind}"}}, status=status)


def drop(request: web.Request) -> web.Response:
    request.transport.abort()
    return web.Response()


@pytest.mark.parametrize(
    "away", [lambda _: failure("gateway_unreachable"), drop], ids=["unreachable", "connection reset"]
)
def test_a_gateway_that_is_away_for_a_while_is_asked_again(monkeypatch: pytest.MonkeyPatch, away) -> None:
    asked = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.headers["X-Evaldock-Sample"])
        return away(request) if len(asked) < 3 else completion("back")

    (outcome,) = ask(monkeypatch, handler, waits_s=(0, 0)).values()

    assert (outcome.state, outcome.text, len(asked)) == ("scored", "back", 3)


def test_a_gateway_that_stays_away_is_an_infra_error_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request)
        return failure("gateway_unreachable")

    outcome = ask(monkeypatch, handler, waits_s=(0, 0))[0]

    assert (outcome.state, outcome.error, len(asked)) == ("infra_error", "HTTP 502: this is gateway_unreachable", 3)


@pytest.mark.parametrize("kind", ["upstream_error", "upstream_timeout", "upstream_invalid"])
def test_what_the_gateway_itself_answers_is_final(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    asked = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request)
        return failure(kind)

    outcome = ask(monkeypatch, handler, waits_s=(0, 0))[0]

    assert (outcome.state, len(asked)) == ("infra_error", 1)


def test_once_the_budget_is_spent_samples_are_skipped_and_every_one_is_still_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def handler(request: web.Request) -> web.Response:
        known = int((await request.json())["messages"][0]["content"]) >= 90
        return completion("from the cache") if known else failure("budget_spent", 402)

    found = ask(monkeypatch, handler, count=100)

    assert [found[n].state for n in range(100)] == ["skipped"] * 90 + ["scored"] * 10
    assert found[0].error == "this is budget_spent"


def test_an_upstream_that_the_gateway_has_given_up_is_given_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def handler(request: web.Request) -> web.Response:
        number = int((await request.json())["messages"][0]["content"])
        return completion("x") if number < 10 else failure("upstream_down", 503)

    found = ask(monkeypatch, handler, count=100, concurrency=1)

    assert [found[n].state for n in range(11)] == ["scored"] * 10 + ["infra_error"]
    assert len(found) == 12
    assert found[-1].error == "the model does not answer: HTTP 503: this is upstream_down"
