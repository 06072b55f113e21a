"""OpenAI's own clients, with their own retries, behind the gateway: the right exception, and nobody loops."""

import asyncio
import socket
import subprocess
import sys
from contextlib import contextmanager

import openai
import pytest

from hub.gateway.config import Books, Retry, Upstream
from tests.fakes.upstream import FakeUpstream
from tests.hub.gateway.support import PATIENCE_S, gateway

RETRY = Retry(attempts=2, first_wait_s=0.01, longest_wait_s=0.01)
ASKED = {"model": "any", "messages": [{"role": "user", "content": "6 x 7"}]}


@contextmanager
def forwarded(folder):
    """Yield the address of a loopback port that leads to the gateway's socket, as in a job."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        file = listener.fileno()
        command = (sys.executable, "-m", "adapters.runtime.forward", str(file), str(folder / "gateway.sock"))
        with subprocess.Popen(command, pass_fds=(file,)) as forwarder:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/candidate/arc/v1"
            forwarder.terminate()


async def ask_async(url, **asked):
    async with openai.AsyncOpenAI(base_url=url, api_key="none") as client:
        answer = await client.chat.completions.create(**ASKED, **asked)
        return [chunk async for chunk in answer] if asked.get("stream") else answer


def ask_sync(url, **asked):
    with openai.OpenAI(base_url=url, api_key="none") as client:
        answer = client.chat.completions.create(**ASKED, **asked)
        return list(answer) if asked.get("stream") else answer


async def outcome(asking):
    """Return what a client got or raised."""
    try:
        return await asking
    except openai.APIError as error:
        return error


def ask(folder, up, *streams, books=None, deadline_s=PATIENCE_S, timeout_s=PATIENCE_S):
    """Ask by both clients at once, for each of `streams` whether it is one; return what came of it, and the rows."""

    async def steps(url):
        upstream = Upstream(up.base_url, "m", None, 16, deadline_s, timeout_s, retry=RETRY)
        async with gateway(folder, {"candidate": upstream}, books=books) as client:
            asked = [ask_async(url, stream=stream) for stream in streams]
            asked += [asyncio.to_thread(ask_sync, url, stream=stream) for stream in streams]
            return await asyncio.gather(*map(outcome, asked)), await client.ended(len(asked))

    with forwarded(folder) as url:
        return asyncio.run(steps(url))


def text_of(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_an_answer_comes_whole_and_as_a_stream(tmp_path):
    with FakeUpstream(answer=lambda _body: "forty two") as up:
        got, _ = ask(tmp_path, up, False, True)

    assert [answer.choices[0].message.content for answer in got[::2]] == ["forty two"] * 2
    assert [text_of(answer) for answer in got[1::2]] == ["forty two"] * 2


@pytest.mark.parametrize(
    ("fault", "error", "told"),
    [
        ("401", openai.AuthenticationError, (401, "bad_key")),
        ("404", openai.NotFoundError, (404, "http_404")),
        ("429-bare", openai.RateLimitError, (429, "rate_limit_exceeded")),
        ("429", openai.RateLimitError, (429, "retry_after")),
        ("429-quota", openai.RateLimitError, (429, "insufficient_quota")),
        ("500", openai.InternalServerError, (502, "http_500")),
        ("503", openai.InternalServerError, (503, "http_503")),
        ("html", openai.InternalServerError, (502, "not_json")),
        ("refuse", openai.InternalServerError, (502, "connect")),
        ("silence", openai.InternalServerError, (504, "timeout")),
    ],
)
def test_a_failure_is_the_right_exception_and_they_ask_once(tmp_path, fault, error, told):
    short = {"refuse": {"deadline_s": 2.0}, "503": {"deadline_s": 2.0}, "silence": {"timeout_s": 0.2}}
    with FakeUpstream(fault=fault, retry_after="700") as up:
        got, rows = ask(tmp_path, up, False, True, **short.get(fault, {}))

    for raised in got:
        assert type(raised) is error
        status, code = told
        assert raised.status_code == status
        assert raised.code in {code, "queue_timeout"}  # where one asks for all
        assert "the server of 'm' at 127.0.0.1" in raised.message
    assert len(rows) == len(got) == 4


def test_a_stream_that_breaks_raises_instead_of_ending(tmp_path):
    with FakeUpstream(fault="drop") as up:
        got, rows = ask(tmp_path, up, True)

    assert all(isinstance(raised, openai.APIError) and "broke off" in raised.message for raised in got)
    assert len(rows) == len(got) == 2


def test_whoever_asked_for_a_stream_reads_an_answer_that_came_whole(tmp_path):
    call = {"id": "t", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    with FakeUpstream(fault="unstreamed", answer=lambda _body: {"content": "42", "tool_calls": [call]}) as up:
        got, _ = ask(tmp_path, up, True)

    for chunks in got:
        assert text_of(chunks) == "42"
        assert chunks[0].choices[0].delta.tool_calls[0].function.name == "add"
        assert chunks[-1].choices[0].finish_reason == "stop"


def test_a_spent_budget_is_final_for_them(tmp_path):
    books = Books(tmp_path / "ledger.sqlite", "off", budget_tokens=0)
    with FakeUpstream() as up:
        got, rows = ask(tmp_path, up, False, True, books=books)

    for refused in got:
        assert type(refused) is openai.APIStatusError
        assert (refused.status_code, refused.type, refused.code) == (402, "budget_spent", "insufficient_quota")
    assert [row.outcome for row in rows] == ["budget_spent"] * 4
    assert not up.requests
