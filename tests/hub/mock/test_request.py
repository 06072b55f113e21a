"""Whatever is sent is answered or refused in OpenAI's words: never an error of our own."""

import asyncio
import io
import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.mock.answers import Answers, echo
from hub.mock.operations import Operation, prepare
from hub.mock.request import MAX_BODY, BadRequestError
from tests.hub.mock.support import Mock, mock

OPERATIONS = get_args(Operation)
ANSWERS = Answers(echo)
KEYS = [
    *("model", "messages", "prompt", "input", "n", "stop", "seed", "stream", "stream_options", "max_tokens", "tools"),
    *(
        "tool_choice",
        "response_format",
        "logprobs",
        "top_logprobs",
        "echo",
        "content",
        "role",
        "type",
        "text",
        "name",
    ),
    *(
        "image_url",
        "url",
        "function",
        "parameters",
        "json_schema",
        "schema",
        "properties",
        "items",
        "required",
        "$ref",
    ),
    *("functions", "function_call", "encoding_format", "dimensions", "anyOf", "allOf", "enum", "default", "minItems"),
]
WORDS = [
    "user",
    "assistant",
    "function",
    "json_schema",
    "json_object",
    "required",
    "auto",
    "data:x;base64,QQ==",
    "#/a",
]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(WORDS)
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=24,
)
# Mostly right, so that what lies behind the first check is reached too.
PARTS = st.lists(
    st.fixed_dictionaries({"type": st.just("text")}, optional={"text": LEAVES, "image_url": JSON}), max_size=2
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool"]), "content": st.text() | PARTS}
)
FUNCTION = st.fixed_dictionaries({"name": st.text(max_size=5)}, optional={"parameters": JSON})
TOOL = st.fixed_dictionaries({"type": st.just("function"), "function": FUNCTION})
NEARLY = st.fixed_dictionaries(
    {
        "model": st.just("m"),
        "messages": st.lists(MESSAGE, max_size=2),
        "prompt": st.text(max_size=20) | JSON,
        "input": st.text(max_size=20) | JSON,
    },
    optional={
        "tools": st.lists(TOOL, max_size=2),
        "tool_choice": st.sampled_from(["auto", "required", "none"]) | JSON,
        "response_format": st.fixed_dictionaries(
            {"type": st.just("json_schema"), "json_schema": st.fixed_dictionaries({"schema": JSON})}
        ),
        "n": st.integers(0, 3),
        "max_tokens": st.integers(-1, 4),
        "stop": st.text(max_size=2) | st.lists(st.text(max_size=2), max_size=2),
        "logprobs": st.booleans() | st.integers(0, 3),
        "stream": st.booleans(),
        "echo": st.booleans(),
    },
)


def answer(operation: Operation, body: bytes) -> bytes:
    """Return what is sent for a body, or an empty text where it is refused."""
    try:
        prepared = prepare(operation, body, ANSWERS)
    except BadRequestError as error:
        assert error.message
        return b""
    return prepared.body or b"".join(event.data for event in prepared.events)


@given(body=st.binary(max_size=200), operation=st.sampled_from(OPERATIONS))
def test_garbage_is_refused(body: bytes, operation: Operation) -> None:
    assert answer(operation, body) == b""


@given(body=JSON, operation=st.sampled_from(OPERATIONS))
def test_any_json_is_answered_or_refused(body: Any, operation: Operation) -> None:
    answer(operation, json.dumps(body).encode())


@settings(max_examples=300)
@given(body=NEARLY, operation=st.sampled_from(OPERATIONS))
def test_nearly_right_requests_are_answered_by_json_or_refused(body: Any, operation: Operation) -> None:
    sent = answer(operation, json.dumps(body).encode())

    if sent.startswith(b"data: "):
        assert sent.endswith(b"data: [DONE]\n\n")
        for event in sent.split(b"\n\n")[:-2]:
            json.loads(event.removeprefix(b"data: "))
    elif sent:
        json.loads(sent)


@given(body=NEARLY, operation=st.sampled_from(OPERATIONS))
def test_the_same_request_has_the_same_answer(body: Any, operation: Operation) -> None:
    raw = json.dumps(body).encode()

    assert answer(operation, raw) == answer(operation, raw)


@pytest.mark.parametrize(
    ("operation", "body", "words"),
    [
        ("chat/completions", b"{", "not JSON"),
        ("chat/completions", b"[" * 100_000, "not JSON"),
        ("chat/completions", b"[]", "an object"),
        ("chat/completions", b'{"model": "m"}', "messages: Field required"),
        ("chat/completions", b'{"model": "m", "messages": []}', "messages: "),
        ("chat/completions", b'{"model": "m", "messages": [{"role": "king", "content": "x"}]}', "messages.0.role: "),
        ("completions", b'{"model": "m", "prompt": []}', "1 to 2048 prompts"),
        ("completions", b'{"model": "m", "prompt": "x", "logprobs": 99}', "logprobs: "),
        ("embeddings", b'{"model": "m", "input": ""}', "none of them empty"),
        ("embeddings", b'{"model": "m", "input": "x", "dimensions": 0}', "dimensions: "),
    ],
)
def test_a_refusal_says_what_is_wrong(operation: Operation, body: bytes, words: str) -> None:
    with pytest.raises(BadRequestError, match=words.replace(".", r"\.")):
        prepare(operation, body, ANSWERS)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"tool_choice": "required"}, "only allowed when 'tools'"),
        ({"tool_choice": {"type": "function", "function": {"name": "x"}}}, "'x', which is none"),
        ({"function_call": {"name": "x"}}, "'x', which is none"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "cat.png"}]}]},
            "image_url must",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "i", "image_url": {"url": "data:a;base64,?"}}]}]},
            "not base64",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(more: dict[str, Any], words: str) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], **more}

    with pytest.raises(BadRequestError, match=words):
        prepare("chat/completions", json.dumps(body).encode(), ANSWERS)


def test_token_ids_are_taken_as_prompts() -> None:
    sent = answer("completions", b'{"model": "m", "prompt": [[1, 2], [3]], "max_tokens": 99}')

    assert [choice["text"] for choice in json.loads(sent)["choices"]] == ["<1><2>", "<3>"]


def test_over_http_every_wrong_request_gets_an_openai_error() -> None:
    async def run() -> None:
        async with mock() as server:
            assert await refused(server, "POST", "chat/completions", data=b"\xff{") == 400
            assert await refused(server, "POST", "nowhere", data=b"{}") == 404
            assert await refused(server, "GET", "chat/completions") == 405
            assert await refused(server, "POST", "models", data=b"{}") == 405
            large = b" " * (MAX_BODY + 1)
            assert await refused(server, "POST", "chat/completions", data=io.BytesIO(large)) == 413
            broken = {"Content-Encoding": "gzip"}
            assert await refused(server, "POST", "chat/completions", data=b"no gzip", headers=broken) == 400

    asyncio.run(run())


async def refused(server: Mock, method: str, path: str, **more: Any) -> int:
    """Return the status of an error, once its shape is right."""
    async with server.plain.request(method, f"{server.url}/{path}", **more) as response:
        error = (await response.json())["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert error["message"]
        return response.status


def test_a_body_of_many_megabytes_is_read() -> None:
    text = "word " * (4 << 20)
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": text}], "max_tokens": 1}).encode()

    async def run() -> tuple[int, bytes]:
        async with mock() as server:
            return await server.post("chat/completions", body)

    status, raw = asyncio.run(run())

    assert status == 200
    assert json.loads(raw)["choices"][0]["message"]["content"] == "word"
