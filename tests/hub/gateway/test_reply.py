import json
from contextlib import AsyncExitStack

import pytest

from hub.gateway.call import Call, Key
from hub.gateway.config import Upstream
from hub.gateway.reply import judge_reply

UPSTREAM = Upstream("https://api.example/v1", "m", "SOME_KEY")
WHOLE = b'{"choices": [{"message": {"content": "4"}}]}'


def judge(status, body, *, operation="chat/completions", headers=(), key=None):
    call = Call("job", "candidate", "arc", operation, UPSTREAM, {}, {}, "", 0.0, AsyncExitStack())
    return judge_reply(call, status, headers, body, key=key)


def test_a_whole_answer_passes_unchanged():
    answer = judge(200, WHOLE)

    assert (answer.status, answer.body, answer.failure) == (200, WHOLE, None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"<html>", "not_json"),
        (b'{"choices": [', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"[]", "no_answer"),
        (b"null", "no_answer"),
        (b'{"choices": null}', "no_answer"),
        (b'{"choices": []}', "no_answer"),
        (b'{"data": [1]}', "no_answer"),
    ],
)
def test_what_is_no_answer_is_invalid(body, code):
    answer = judge(200, body)

    assert (answer.status, answer.failure.type, answer.failure.code) == (502, "upstream_invalid", code)


def test_an_error_with_status_200_is_an_error():
    answer = judge(200, b'{"error": {"message": "model is loading", "code": 42}}')

    assert (answer.status, answer.failure.type, answer.failure.code) == (502, "upstream_error", "42")
    assert "model is loading" in answer.failure.message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"message": "too long"}}', "too long"),
        (b'{"error": "too long"}', "too long"),
        (b'{"detail": "too long"}', "too long"),
        (b'{"object": "error", "message": "too long"}', "too long"),
        (b"<html><style>p {}</style><body><h1>too</h1> long</body>", "too long"),
        (b"", "no reason given"),
        (b"[1]", "[1]"),
    ],
)
def test_every_shape_of_error_becomes_openai_s(body, said):
    answer = judge(400, body)

    error = json.loads(answer.body)["error"]
    assert answer.status == 400
    assert error["message"].endswith(f"400: {said}")
    assert error.keys() == {"message", "type", "param", "code"}


def test_an_error_that_blames_the_request_keeps_its_type_and_code():
    error = {"message": "too long", "type": "invalid_request_error", "code": "context_length_exceeded", "param": "m"}

    failure = judge(400, json.dumps({"error": error}).encode()).failure

    assert (failure.type, failure.code, failure.param) == ("invalid_request_error", "context_length_exceeded", "m")


@pytest.mark.parametrize(("theirs", "ours"), [(500, 502), (501, 502), (503, 503), (504, 504), (529, 502), (404, 404)])
def test_a_server_s_failure_is_told_as_a_gateway_s(theirs, ours):
    assert judge(theirs, b"{}").status == ours


def test_a_key_is_scrubbed_from_every_field_and_from_answers():
    key = Key("sk-proj-0123456789")
    error = {
        "message": "bad sk-proj-0123456789",
        "type": "sk-proj-0123456789",
        "code": "sk-proj-0123456789",
        "param": "sk-proj-0123456789",
    }

    told = judge(400, json.dumps({"error": error}).encode(), key=key)
    whole = judge(200, b'{"choices": ["sk-proj-0123456789"]}', key=key)

    assert b"sk-proj-0123456789" not in told.body + whole.body
    assert "sk-proj-0123456789" not in repr(key)


@pytest.mark.parametrize("word", ["x", "1", "EMPTY"])
def test_what_stands_in_for_a_key_changes_no_answer(word):
    body = b'{"choices": [{"text": "x = 1; EMPTY"}]}'

    assert judge(200, body, key=Key(word)).body == body


def test_a_redirect_is_not_followed_and_named_without_credentials():
    answer = judge(302, b"", headers=(("Location", "https://user:pass@login.example/x?token=1"),))

    assert answer.status == 502
    assert "login.example" in answer.failure.message
    assert "pass" not in answer.failure.message
