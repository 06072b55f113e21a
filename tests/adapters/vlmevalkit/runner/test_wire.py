"""A request and its answer."""

from __future__ import annotations

import json

import pytest

from adapters.vlmevalkit.runner.wire import Line, RequestError, answer_of
from tests.fakes.upstream import FakeUpstream


def body(content: object) -> bytes:
    return json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode()


def test_an_answer_loses_the_blanks_around_it() -> None:
    assert answer_of(200, body(" yes \n")) == "yes"


def test_no_content_is_an_empty_answer() -> None:
    assert answer_of(200, body(None)) == ""


def test_what_no_table_can_hold_is_replaced() -> None:
    answer = answer_of(200, body("a\ud800b\0c"))

    assert answer == "a?bc"


def test_an_error_is_told_in_the_gateways_words() -> None:
    with pytest.raises(RequestError, match="HTTP 502: it is down") as caught:
        answer_of(502, b'{"error": {"message": "it is down"}}')

    assert caught.value.seen


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'{"choices": []}', b'{"choices": [{}]}', b"\xff"])
def test_what_is_no_answer_is_an_error(content: bytes) -> None:
    with pytest.raises(RequestError, match="not an answer in OpenAI's form"):
        answer_of(200, content)


def test_a_request_names_its_sample() -> None:
    with FakeUpstream(answer=lambda _: "42") as upstream:
        answer = Line(upstream.base_url, 10.0).ask(
            {"model": "m", "messages": [{"role": "user", "content": "hi"}]}, "7/é"
        )

        request = upstream.requests[0]
    assert answer == "42"
    assert request.headers["x-evaldock-sample"] == "7/%C3%A9"
