"""The server over a real socket, with a model without weights: what OpenAI's API promises, batches, and bounds."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.native.evaluator.errors import ModelError
from adapters.native.server.serve import Loaded
from adapters.native.server.settings import Settings
from tests.adapters.native.server.fake_model import FakeEngine, post, serving, streamed, under_way

Talk = Callable[[aiohttp.ClientSession], Awaitable[Any]]
ENDLESS = 200_000  # tokens of an answer that nobody waits for
USER = [{"role": "user", "content": "abc"}]
TOOLS = [{"type": "function", "function": {"name": "add", "description": "", "parameters": {"type": "object"}}}]
SUB = {"type": "function", "function": {"name": "sub"}}
JSON = {"type": "json_object"}


def talk(folder: Path, say: Talk, engine: FakeEngine | None = None, **settings: Any) -> Any:
    async def main() -> Any:
        async with serving(folder, engine or FakeEngine(), **settings) as client:
            return await say(client)

    return asyncio.run(main())


def asked(folder: Path, path: str, engine: FakeEngine | None = None, **body: Any) -> dict[str, Any]:
    status, answer = talk(folder, lambda client: post(client, path, **body), engine)
    assert status == 200, answer
    return answer


def refused(folder: Path, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    status, answer = talk(folder, lambda client: post(client, path, **body))
    return status, answer["error"]


def test_a_conversation_is_answered(tmp_path: Path) -> None:
    answer = asked(tmp_path, "chat/completions", model="m", messages=USER)

    assert answer["object"] == "chat.completion"
    assert answer["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "cba"},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]
    assert answer["usage"] == {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}


@pytest.mark.parametrize(
    ("prompt", "texts"),
    [
        ("abc", ["cba"]),
        (["abc", "de"], ["cba", "ed"]),
        ([97, 98], ["ba"]),
        ([[97, 98], [99, 100]], ["ba", "dc"]),
    ],
)
def test_every_form_of_prompt_is_completed(tmp_path: Path, prompt: Any, texts: list[str]) -> None:
    answer = asked(tmp_path, "completions", prompt=prompt)

    assert [choice["text"] for choice in answer["choices"]] == texts
    assert [choice["index"] for choice in answer["choices"]] == list(range(len(texts)))


def test_n_answers_are_drawn_from_streams_of_their_own_and_their_prompt_counts_once(tmp_path: Path) -> None:
    engine = FakeEngine()

    answer = asked(tmp_path, "completions", engine, prompt="abc", n=3, seed=7)

    assert len(answer["choices"]) == 3
    assert [(work.name, work.parameters["seed"]) for work in engine.asked] == [("0", 7), ("1", 7), ("2", 7)]
    assert answer["usage"] == {"prompt_tokens": 3, "completion_tokens": 9, "total_tokens": 12}


def test_an_answer_is_cut_at_max_tokens(tmp_path: Path) -> None:
    answer = asked(tmp_path, "chat/completions", messages=USER, max_completion_tokens=2)

    assert answer["choices"][0]["message"]["content"] == "cb"
    assert answer["choices"][0]["finish_reason"] == "length"


def test_an_answer_ends_before_a_stop_text_and_is_computed_no_further(tmp_path: Path) -> None:
    engine = FakeEngine(lambda _: "one two three" * ENDLESS)
    body = {"prompt": "x", "max_tokens": ENDLESS, "stop": ["zzz", "two"], "logprobs": 0}

    _, answer = talk(tmp_path, lambda client: post(client, "completions", **body), engine, context=2 * ENDLESS)

    assert (answer["choices"][0]["text"], answer["choices"][0]["finish_reason"]) == ("one ", "stop")
    assert answer["choices"][0]["logprobs"]["tokens"] == ["o", "n", "e", " "]
    assert engine.cancelled == [0]


def test_log_probabilities_of_a_completion_stand_beside_its_tokens(tmp_path: Path) -> None:
    answer = asked(tmp_path, "completions", prompt="ab", logprobs=2)

    assert answer["choices"][0]["logprobs"] == {
        "tokens": ["b", "a"],
        "token_logprobs": [-0.5, -0.5],
        "top_logprobs": [{"b": -0.5, "?": -1.5}, {"a": -0.5, "?": -1.5}],
        "text_offset": [0, 1],
    }


def test_an_echoed_prompt_has_its_log_probabilities_in_front(tmp_path: Path) -> None:
    answer = asked(tmp_path, "completions", prompt="abc", echo=True, logprobs=1, max_tokens=1, temperature=0)

    (choice,) = answer["choices"]
    assert choice["text"] == "abcc"
    assert choice["logprobs"]["token_logprobs"] == [None, -1.0, -2.0, -0.5]
    assert choice["logprobs"]["top_logprobs"] == [None, {"b": -1.0}, {"c": -2.0}, {"c": -0.5}]
    assert choice["logprobs"]["text_offset"] == [0, 1, 2, 3]


def test_an_echo_of_nothing_but_the_prompt_generates_nothing(tmp_path: Path) -> None:
    answer = asked(tmp_path, "completions", prompt="abc", echo=True, logprobs=0, max_tokens=0)

    assert answer["choices"][0]["text"] == "abc"
    assert answer["choices"][0]["logprobs"]["token_logprobs"] == [None, -1.0, -2.0]
    assert answer["usage"]["completion_tokens"] == 0


def test_log_probabilities_of_a_prompt_come_in_vllm_s_way_too(tmp_path: Path) -> None:
    answer = asked(tmp_path, "completions", prompt="ab", prompt_logprobs=0, max_tokens=1)

    assert answer["choices"][0]["prompt_logprobs"] == [None, {"98": {"logprob": -1.0, "decoded_token": "b"}}]
    assert answer["choices"][0]["text"] == "b"


def test_log_probabilities_of_a_conversation_are_those_of_its_answer(tmp_path: Path) -> None:
    answer = asked(tmp_path, "chat/completions", messages=USER, logprobs=True, top_logprobs=1, max_tokens=1)

    likeliest = {"token": "c", "logprob": -0.5, "bytes": [99]}
    assert answer["choices"][0]["logprobs"]["content"] == [{**likeliest, "top_logprobs": [likeliest]}]


@pytest.mark.parametrize("stop", [None, "b", "dc"])
@pytest.mark.parametrize("path", ["completions", "chat/completions"])
def test_a_stream_says_what_the_whole_answer_says(tmp_path: Path, path: str, stop: str | None) -> None:
    body = {"prompt": "abcdef"} if path == "completions" else {"messages": [{"role": "user", "content": "abcdef"}]}
    body |= {"n": 2, "stop": stop}

    async def both(client: aiohttp.ClientSession) -> Any:
        return await post(client, path, **body), await streamed(
            client, path, **body, stream_options={"include_usage": True}
        )

    (_, whole), chunks = talk(tmp_path, both)

    texts, reasons = ["", ""], {}
    for chunk in chunks:
        for choice in chunk["choices"]:
            said = choice["delta"].get("content") if "delta" in choice else choice["text"]
            texts[choice["index"]] += said or ""
            if choice["finish_reason"]:
                reasons[choice["index"]] = choice["finish_reason"]
    assert texts == [c["text"] if "text" in c else c["message"]["content"] for c in whole["choices"]]
    assert reasons == {choice["index"]: choice["finish_reason"] for choice in whole["choices"]}
    assert (chunks[-1]["choices"], chunks[-1]["usage"]) == ([], whole["usage"])
    assert all(chunk["usage"] is None for chunk in chunks[:-1])
    assert len(chunks) > 6


def test_a_streamed_echo_begins_with_the_prompt(tmp_path: Path) -> None:
    body = {"prompt": "ab", "echo": True, "logprobs": 0, "max_tokens": 2}

    chunks = talk(tmp_path, lambda client: streamed(client, "completions", **body))

    told = [choice for chunk in chunks for choice in chunk["choices"]]
    assert "".join(choice["text"] for choice in told) == "abba"
    offsets = [offset for choice in told if choice["logprobs"] for offset in choice["logprobs"]["text_offset"]]
    assert offsets == [0, 1, 2, 3]


def test_requests_that_come_together_are_computed_together(tmp_path: Path) -> None:
    engine = FakeEngine()
    prompts = [f"{number}abcdefgh" for number in range(20)]

    async def all_at_once(client: aiohttp.ClientSession) -> Any:
        engine.hold.clear()
        waiting = [asyncio.ensure_future(post(client, "completions", prompt=prompt)) for prompt in prompts]
        await under_way(client, 20)
        engine.hold.set()
        return await asyncio.gather(*waiting)

    answers = talk(tmp_path, all_at_once, engine)

    assert [answer["choices"][0]["text"] for _, answer in answers] == [prompt[::-1] for prompt in prompts]
    assert engine.together == 20


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_is_computed_no_further(tmp_path: Path, stream: bool) -> None:
    engine = FakeEngine(lambda _: "x" * ENDLESS)
    body = {"prompt": "a", "max_tokens": ENDLESS, "stream": stream}

    async def leave(client: aiohttp.ClientSession) -> int:
        asking = asyncio.ensure_future(client.post("/v1/completions", json=body))
        await under_way(client, 1)
        if stream:
            await (await asking).content.readline()
            (await asking).close()
        asking.cancel()
        await under_way(client, 0)
        return (await post(client, "completions", prompt="b", max_tokens=1))[0]

    assert talk(tmp_path, leave, engine, context=2 * ENDLESS) == 200
    assert engine.cancelled == [0]


def test_what_there_is_no_room_for_is_to_be_sent_again(tmp_path: Path) -> None:
    engine = FakeEngine()

    async def overload(client: aiohttp.ClientSession) -> Any:
        engine.hold.clear()
        first = asyncio.ensure_future(post(client, "completions", prompt=["a", "b"]))
        await under_way(client, 2)
        async with client.post("/v1/completions", json={"prompt": "c"}) as response:
            found = response.status, response.headers["Retry-After"], await response.json()
        engine.hold.set()
        return *found, await first

    status, wait, answer, first = talk(tmp_path, overload, engine, most=2)

    assert (status, wait, answer["error"]["code"]) == (503, "1", "overloaded")
    assert first[0] == 200


@pytest.mark.parametrize(("length", "status"), [(99, 200), (100, 400), (150, 400)])
def test_a_prompt_that_leaves_no_room_is_refused_with_both_numbers(tmp_path: Path, length: int, status: int) -> None:
    body = {"messages": [{"role": "user", "content": "a" * length}]}

    found, answer = talk(tmp_path, lambda client: post(client, "chat/completions", **body))

    assert found == status
    if status == 400:
        assert answer["error"]["code"] == "context_length_exceeded"
        assert "100 tokens" in answer["error"]["message"]
        assert str(length) in answer["error"]["message"]
    else:
        assert answer["choices"][0]["finish_reason"] == "length"


def test_a_prompt_that_is_only_scored_may_fill_the_context(tmp_path: Path) -> None:
    body = {"prompt": "a" * 101, "echo": True, "logprobs": 0, "max_tokens": 1}

    answer = asked(tmp_path, "completions", **body)

    assert len(answer["choices"][0]["logprobs"]["tokens"]) == 101


@pytest.mark.parametrize(
    ("path", "body", "param", "words"),
    [
        ("chat/completions", {"messages": []}, "messages", "at least 1 item"),
        ("chat/completions", {"messages": [{"role": "king", "content": ""}]}, "messages.0.role", "Input should be"),
        ("chat/completions", {"messages": [{"role": "user", "content": "refuse"}]}, "messages", "refuses"),
        ("chat/completions", {"messages": USER, "temperature": -1}, "temperature", "greater than or equal to 0"),
        ("chat/completions", {"messages": USER, "presence_penalty": 1}, None, "'presence_penalty'"),
        ("chat/completions", {"messages": USER, "tool_choice": "required"}, None, "tool_choice needs 'tools'"),
        ("chat/completions", {"messages": USER, "tools": TOOLS, "tool_choice": "any"}, None, "tool_choice is one of"),
        ("chat/completions", {"messages": USER, "tools": TOOLS, "tool_choice": SUB}, None, "no function 'sub'"),
        ("chat/completions", {"messages": USER, "tools": TOOLS, "response_format": JSON}, None, "may call functions"),
        (
            "chat/completions",
            {"messages": USER, "response_format": {"type": "json_schema"}},
            "response_format.type",
            "'text' or 'json_object'",
        ),
        ("completions", {"prompt": "a", "response_format": JSON}, None, "'response_format'"),
        ("completions", {"prompt": []}, None, "prompt must hold 1 to 2048"),
        ("completions", {"prompt": [5000]}, "prompt", "5000, which is no token"),
        ("completions", {}, "prompt", "Field required"),
    ],
)
def test_a_wrong_request_is_refused_and_its_field_named(
    tmp_path: Path, path: str, body: dict[str, Any], param: str | None, words: str
) -> None:
    status, error = refused(tmp_path, path, **body)

    assert (status, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert words in error["message"]


def test_fields_that_nobody_knows_are_passed_over(tmp_path: Path) -> None:
    asked(tmp_path, "chat/completions", messages=USER, user="me", metadata={"a": 1}, presence_penalty=0, best_of=1)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/completions", 405, "method_not_allowed"),
        ("GET", "/v1/nothing", 404, "unknown_url"),
        ("GET", "/v1/models/other", 404, "model_not_found"),
        ("POST", "/v1/completions", 400, "invalid_value"),
    ],
)
def test_other_requests_get_an_error_in_openai_s_shape(
    tmp_path: Path, method: str, path: str, status: int, code: str
) -> None:
    async def ask(client: aiohttp.ClientSession) -> Any:
        async with client.request(method, path, data=b"{" if method == "POST" else None) as response:
            return response.status, (await response.json())["error"]["code"]

    assert talk(tmp_path, ask) == (status, code)


def test_the_model_is_listed_with_what_identifies_it(tmp_path: Path) -> None:
    async def look(client: aiohttp.ClientSession) -> Any:
        async with client.get("/v1/models") as every, client.get("/v1/models/m") as one:
            return (await every.json())["data"], await one.json()

    listed, single = talk(tmp_path, look)

    assert listed == [single]
    assert (single["id"], single["max_model_len"], single["meta"]) == ("m", 100, {"digest": "sha256:1"})


def test_the_server_is_not_ready_before_the_model_is_loaded(tmp_path: Path) -> None:
    loading = threading.Event()

    def load(_: Settings) -> Loaded:
        assert loading.wait(60)
        raise ModelError("never mind")

    async def look(client: aiohttp.ClientSession) -> Any:
        async with client.get("/health") as response:
            loading.set()
            return response.status, response.headers["Retry-After"], await response.json()

    status, wait, answer = talk(tmp_path, look, load=load)

    assert (status, wait, answer["error"]["code"]) == (503, "1", "loading")


def test_a_model_that_fails_fails_what_is_under_way_and_ends_the_server(tmp_path: Path) -> None:
    engine = FakeEngine()
    engine.error = RuntimeError("CUDA error")

    status, answer = talk(tmp_path, lambda client: post(client, "completions", prompt="a"), engine)

    assert status == 500
    assert answer["error"]["message"] == "the model failed: RuntimeError: CUDA error"


CALL = '<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>'


def test_a_call_of_a_tool_is_taken_out_of_the_text(tmp_path: Path) -> None:
    answer = asked(tmp_path, "chat/completions", FakeEngine(lambda _: "Sure." + CALL), messages=USER, tools=TOOLS)

    (choice,) = answer["choices"]
    (call,) = choice["message"]["tool_calls"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("Sure.", "tool_calls")
    assert call["function"] == {"name": "add", "arguments": '{"a": 1}'}


def test_a_streamed_call_is_that_of_the_whole_answer(tmp_path: Path) -> None:
    body = {"messages": USER, "tools": TOOLS}
    engine = FakeEngine(lambda _: "Sure." + CALL)

    chunks = talk(tmp_path, lambda client: streamed(client, "chat/completions", **body), engine)

    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert "".join(delta.get("content") or "" for delta in deltas) == "Sure."
    (call,) = (call for delta in deltas for call in delta.get("tool_calls", ()))
    assert (call["index"], call["function"]) == (0, {"name": "add", "arguments": '{"a": 1}'})
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_functions_are_called_as_before_there_were_tools(tmp_path: Path) -> None:
    functions = [tool["function"] for tool in TOOLS]

    answer = asked(tmp_path, "chat/completions", FakeEngine(lambda _: CALL), messages=USER, functions=functions)

    (choice,) = answer["choices"]
    assert choice["message"]["function_call"] == {"name": "add", "arguments": '{"a": 1}'}
    assert (choice["message"]["content"], choice["finish_reason"]) == (None, "function_call")


ADD = {"type": "function", "function": {"name": "add"}}


@pytest.mark.parametrize("choice", ["required", ADD])
def test_a_call_that_is_forced_is_begun_for_the_model(tmp_path: Path, choice: object) -> None:
    engine = FakeEngine(lambda _: '{"a": 1}}')

    answer = asked(tmp_path, "chat/completions", engine, messages=USER, tools=TOOLS, tool_choice=choice)

    begun = '<tool_call>\n{"name": "add", "arguments": '
    assert "".join(map(chr, engine.asked[0].tokens)).endswith(begun)
    assert answer["choices"][0]["message"]["tool_calls"][0]["function"] == {"name": "add", "arguments": '{"a": 1}'}
    assert answer["usage"]["completion_tokens"] == len('{"a": 1}}')


def test_of_several_functions_the_model_chooses_the_one_that_must_be_called(tmp_path: Path) -> None:
    tools = [*TOOLS, {"type": "function", "function": {"name": "sub"}}]
    engine = FakeEngine(lambda _: 'sub", "arguments": {}}')

    answer = asked(tmp_path, "chat/completions", engine, messages=USER, tools=tools, tool_choice="required")

    assert answer["choices"][0]["message"]["tool_calls"][0]["function"] == {"name": "sub", "arguments": "{}"}


def test_a_function_is_forced_as_before_there_were_tools(tmp_path: Path) -> None:
    body = {"functions": [tool["function"] for tool in TOOLS], "function_call": {"name": "add"}}

    answer = asked(tmp_path, "chat/completions", FakeEngine(lambda _: "{}}"), messages=USER, **body)

    assert answer["choices"][0]["message"]["function_call"] == {"name": "add", "arguments": "{}"}


def test_a_forced_call_that_the_model_does_not_finish_is_text(tmp_path: Path) -> None:
    answer = asked(
        tmp_path, "chat/completions", FakeEngine(lambda _: "well"), messages=USER, tools=TOOLS, tool_choice=ADD
    )

    assert answer["choices"][0]["message"]["content"] == '<tool_call>\n{"name": "add", "arguments": well'


def test_json_is_begun_for_the_model_and_streamed_whole(tmp_path: Path) -> None:
    body = {"messages": USER, "response_format": JSON}
    engine = FakeEngine(lambda _: '"error": ""}')

    answer = asked(tmp_path, "chat/completions", engine, **body)
    chunks = talk(tmp_path, lambda client: streamed(client, "chat/completions", **body), engine)

    assert answer["choices"][0]["message"]["content"] == '{"error": ""}'
    assert "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks) == '{"error": ""}'


def test_without_tools_a_call_is_text(tmp_path: Path) -> None:
    answer = asked(
        tmp_path, "chat/completions", FakeEngine(lambda _: CALL), messages=USER, tools=TOOLS, tool_choice="none"
    )

    assert answer["choices"][0]["message"] == {"role": "assistant", "content": CALL}


def test_turns_with_calls_and_parts_come_to_the_template_in_its_form(tmp_path: Path) -> None:
    engine = FakeEngine()
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}},
        ]},
        {"role": "tool", "tool_call_id": "c", "content": "2"},
    ]  # fmt: skip

    body = {"messages": messages, "chat_template_kwargs": {"json": True}, "max_tokens": 1}
    talk(tmp_path, lambda client: post(client, "chat/completions", **body), engine, context=1000)

    prompt = "".join(map(chr, engine.asked[0].tokens))
    assert '{"role": "system", "content": "Be brief."}' in prompt
    assert '{"role": "user", "content": "one\\ntwo"}' in prompt
    assert '"tool_calls": [{"type": "function", "function": {"name": "add", "arguments": {"a": 1}}}]' in prompt
    assert '{"role": "tool", "content": "2", "tool_call_id": "c"}' in prompt
