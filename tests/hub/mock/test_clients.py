"""OpenAI's own client takes the mock for the real thing."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from hub.mock.answers import Answers, Said
from hub.mock.faults import FaultPlan
from hub.mock.server import MockOptions
from tests.hub.mock.support import Mock, mock, png, user

Test = Callable[[Mock], Coroutine[Any, Any, None]]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Say what the weather is.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
                "days": {"type": "integer", "minimum": 3},
            },
            "required": ["city", "unit", "days"],
        },
    },
}
TIME = {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}}


def with_mock(test: Test, options: MockOptions | None = None, **client: Any) -> None:
    async def run() -> None:
        async with mock(options, **client) as server:
            await test(server)

    asyncio.run(run())


def saying(text: str) -> MockOptions:
    return MockOptions(Answers(lambda _asked: Said(text)))


def test_a_chat_is_answered() -> None:
    async def test(server: Mock) -> None:
        answer = await server.chat("What is 6 x 7?")

        assert answer.choices[0].message.content == "What is 6 x 7?"
        assert answer.choices[0].message.role == "assistant"
        assert answer.choices[0].finish_reason == "stop"
        assert answer.model == "m"
        assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
        assert answer.usage.completion_tokens > 0

    with_mock(test)


def test_a_stream_adds_up_to_the_whole_answer_and_ends_with_the_usage() -> None:
    async def test(server: Mock) -> None:
        whole = await server.chat("one two three four", n=2)
        chunks = [
            chunk
            async for chunk in await server.chat(
                "one two three four", n=2, stream=True, stream_options={"include_usage": True}
            )
        ]

        texts = ["", ""]
        for chunk in chunks:
            for choice in chunk.choices:
                texts[choice.index] += choice.delta.content or ""
        assert texts == [choice.message.content for choice in whole.choices]
        assert chunks[-1].choices == []
        assert chunks[-1].usage == whole.usage
        assert {chunk.usage for chunk in chunks[:-1]} == {None}
        assert [chunk.choices[0].finish_reason for chunk in chunks[-3:-1]] == ["stop", "stop"]

    with_mock(test)


def test_a_stream_has_no_usage_unless_asked_for() -> None:
    async def test(server: Mock) -> None:
        chunks = [chunk async for chunk in await server.chat(stream=True)]

        assert all(chunk.choices and chunk.usage is None for chunk in chunks)

    with_mock(test)


def test_the_clients_stream_helper_reads_the_stream() -> None:
    async def test(server: Mock) -> None:
        async with server.openai.chat.completions.stream(
            model="m", messages=[user("a b c")], logprobs=True
        ) as stream:
            final = await stream.get_final_completion()

        assert final.choices[0].message.content == "a b c"
        assert [entry.token for entry in final.choices[0].logprobs.content] == ["a", " b", " c"]

    with_mock(test)


@pytest.mark.parametrize(
    "choice", ["required", {"type": "function", "function": {"name": "get_weather"}}], ids=["required", "named"]
)
def test_a_forced_tool_is_called_with_arguments_that_its_schema_accepts(choice: Any) -> None:
    async def test(server: Mock) -> None:
        answer = await server.chat("Oslo", tools=[WEATHER], tool_choice=choice)

        (call,) = answer.choices[0].message.tool_calls
        assert call.function.name == "get_weather"
        assert call.function.arguments == '{"city": "Oslo", "unit": "celsius", "days": 3}'
        assert answer.choices[0].message.content is None
        assert answer.choices[0].finish_reason == "tool_calls"

    with_mock(test)


@pytest.mark.parametrize(
    ("text", "more", "called"),
    [
        ("Hello", {}, []),
        ("please get weather for Oslo", {}, ["get_weather"]),
        ("get_weather and get_time", {}, ["get_weather", "get_time"]),
        ("get_weather and get_time", {"parallel_tool_calls": False}, ["get_weather"]),
        ("get_weather", {"tool_choice": "none"}, []),
    ],
)
def test_tools_are_called_when_the_user_names_them(text: str, more: Any, called: list[str]) -> None:
    async def test(server: Mock) -> None:
        answer = await server.chat(text, tools=[WEATHER, TIME], **more)

        assert [call.function.name for call in answer.choices[0].message.tool_calls or []] == called

    with_mock(test)


def test_a_conversation_with_a_tool_comes_to_its_end() -> None:
    async def test(server: Mock) -> None:
        asked = user("get_time")
        first = (await server.chat("get_time", tools=[TIME])).choices[0].message
        result = {"role": "tool", "tool_call_id": first.tool_calls[0].id, "content": "12:30"}
        messages = [asked, first.model_dump(exclude_none=True), result]

        last = await server.openai.chat.completions.create(model="m", messages=messages, tools=[TIME])

        assert last.choices[0].message.content == "12:30"
        assert last.choices[0].message.tool_calls is None

    with_mock(test)


def test_a_streamed_tool_call_is_put_together() -> None:
    async def test(server: Mock) -> None:
        asked: Any = {"model": "m", "messages": [user("get_weather and get_time")], "tools": [WEATHER, TIME]}
        async with server.openai.chat.completions.stream(**asked) as stream:
            final = await stream.get_final_completion()

        calls = final.choices[0].message.tool_calls
        assert [call.function.name for call in calls] == ["get_weather", "get_time"]
        assert calls[0].function.arguments.startswith('{"city": "get_weather and')

    with_mock(test)


def test_functions_are_called_as_before_there_were_tools() -> None:
    async def test(server: Mock) -> None:
        named = {"name": "get_weather"}
        answer = await server.chat("Oslo", functions=[WEATHER["function"]], function_call=named)

        assert answer.choices[0].message.function_call.name == "get_weather"
        assert answer.choices[0].finish_reason == "function_call"

    with_mock(test)


def test_images_are_described_and_addresses_never_fetched() -> None:
    async def test(server: Mock) -> None:
        content = [
            {"type": "image_url", "image_url": {"url": png(640, 480)}},
            {"type": "image_url", "image_url": {"url": "http://127.0.0.1:9/cat.png"}},
            {"type": "text", "text": "What is it?"},
        ]
        answer = await server.openai.chat.completions.create(model="m", messages=[user(content)])

        described, named, text = answer.choices[0].message.content.split("\n")
        assert described == "[image/png 640x480, 29 B]"
        assert named == "[image at http://127.0.0.1:9/cat.png, not fetched]"
        assert text == "What is it?"
        assert answer.usage.prompt_tokens > 512

    with_mock(test)


@pytest.mark.parametrize("key", ["max_tokens", "max_completion_tokens"])
def test_an_answer_is_cut_after_max_tokens(key: str) -> None:
    async def test(server: Mock) -> None:
        answer = await server.chat("one two three", **{key: 2})

        assert answer.choices[0].message.content == "one two"
        assert answer.choices[0].finish_reason == "length"
        assert answer.usage.completion_tokens == 2

    with_mock(test)


def test_an_answer_ends_before_the_first_stop_text() -> None:
    async def test(server: Mock) -> None:
        answer = await server.chat("one two three", stop=["three", " two"])

        assert answer.choices[0].message.content == "one"
        assert answer.choices[0].finish_reason == "stop"

    with_mock(test)


def test_a_json_answer_is_json() -> None:
    async def test(server: Mock) -> None:
        answer = await server.chat("four", response_format={"type": "json_object"})

        assert answer.choices[0].message.content == '{"answer": "four"}'

    with_mock(test)


def test_an_answer_in_a_schema_is_read_into_the_clients_own_model() -> None:
    class Step(BaseModel):
        text: str
        number: int

    class Solution(BaseModel):
        steps: list[Step]
        result: float | None

    async def test(server: Mock) -> None:
        answer = await server.openai.chat.completions.parse(
            model="m", messages=[user("four")], response_format=Solution
        )

        parsed = answer.choices[0].message.parsed
        assert parsed == Solution(steps=[Step(text="four", number=1)], result=1.0)

    with_mock(test)


def test_chat_logprobs_cover_every_token_and_the_chosen_one_is_the_likeliest() -> None:
    async def test(server: Mock) -> None:
        answer = await server.chat("one two", logprobs=True, top_logprobs=3)

        content = answer.choices[0].logprobs.content
        assert [entry.token for entry in content] == ["one", " two"]
        assert all(len(entry.top_logprobs) == 3 for entry in content)
        assert all(entry.top_logprobs[0].token == entry.token for entry in content)
        assert all(entry.logprob < 0 for entry in content)

    with_mock(test)


def test_a_completion_with_logprobs_and_echo_scores_the_prompt_too() -> None:
    async def test(server: Mock) -> None:
        answer = await server.openai.completions.create(
            model="m", prompt="The sky is", echo=True, logprobs=2, max_tokens=1
        )

        choice = answer.choices[0]
        assert choice.text == "The sky is blue"
        assert choice.logprobs.tokens == ["The", " sky", " is", " blue"]
        assert choice.logprobs.token_logprobs[0] is None
        assert choice.logprobs.top_logprobs[0] is None
        assert len(choice.logprobs.top_logprobs[1]) == 2
        assert choice.logprobs.text_offset == [0, 3, 7, 10]
        assert choice.finish_reason == "stop"
        assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (3, 1)

    with_mock(test, saying(" blue"))


def test_a_completion_may_score_a_prompt_and_add_nothing() -> None:
    async def test(server: Mock) -> None:
        answer = await server.openai.completions.create(
            model="m", prompt=["a b", "c"], echo=True, logprobs=0, max_tokens=0
        )

        assert [choice.text for choice in answer.choices] == ["a b", "c"]
        assert [choice.index for choice in answer.choices] == [0, 1]
        assert answer.usage.completion_tokens == 0

    with_mock(test)


def test_a_streamed_completion_adds_up() -> None:
    async def test(server: Mock) -> None:
        stream = await server.openai.completions.create(model="m", prompt="a b c", stream=True, logprobs=1)
        chunks = [chunk async for chunk in stream]

        assert "".join(chunk.choices[0].text for chunk in chunks) == "a b c"
        assert chunks[-1].choices[0].finish_reason == "stop"
        assert [chunk.choices[0].logprobs.text_offset for chunk in chunks[:-1]] == [[0], [1], [3]]

    with_mock(test)


def test_embeddings_are_unit_vectors_and_like_texts_are_near() -> None:
    async def test(server: Mock) -> None:
        texts = ["the cat sat on the mat", "the cat sat on a mat", "stocks fell sharply today"]
        packed = await server.openai.embeddings.create(model="m", input=texts, dimensions=64)
        plain = await server.openai.embeddings.create(model="m", input=texts, dimensions=64, encoding_format="float")

        vectors = [entry.embedding for entry in packed.data]
        assert [len(vector) for vector in vectors] == [64, 64, 64]
        assert vectors[0] == pytest.approx(plain.data[0].embedding, abs=1e-6)
        near, far = (sum(a * b for a, b in zip(vectors[0], other, strict=True)) for other in vectors[1:])
        assert sum(value * value for value in vectors[0]) == pytest.approx(1, abs=1e-5)
        assert near > far
        assert packed.usage.prompt_tokens > 0

    with_mock(test)


def test_models_are_listed_and_found_by_name() -> None:
    async def test(server: Mock) -> None:
        listed = [model.id async for model in server.openai.models.list()]

        assert listed == ["a", "org/b"]
        assert (await server.openai.models.retrieve("org/b")).id == "org/b"
        with pytest.raises(openai.NotFoundError, match="does not exist"):
            await server.openai.models.retrieve("c")

    with_mock(test, MockOptions(models=("a", "org/b")))


def test_a_wrong_request_is_the_clients_own_error_and_names_the_field() -> None:
    async def test(server: Mock) -> None:
        with pytest.raises(openai.BadRequestError) as caught:
            await server.chat(max_tokens=-1)

        assert caught.value.param == "max_tokens"
        assert "greater than or equal to 1" in caught.value.message

    with_mock(test)


def test_unknown_fields_are_ignored() -> None:
    async def test(server: Mock) -> None:
        answer = await server.chat("x", extra_body={"top_k": 5, "chat_template_kwargs": {"enable_thinking": False}})

        assert answer.choices[0].message.content == "x"

    with_mock(test)


def test_a_key_is_asked_for_and_its_lack_is_an_authentication_error() -> None:
    async def test(server: Mock) -> None:
        await server.chat()
        stranger = server.openai.with_options(api_key="sk-wrong")
        with pytest.raises(openai.AuthenticationError) as caught:
            await stranger.chat.completions.create(model="m", messages=[user("x")])
        assert "sk-" not in str(caught.value)

    with_mock(test, MockOptions(key="sk-right"), api_key="sk-right")


def test_the_clients_retries_get_over_the_first_failures() -> None:
    async def test(server: Mock) -> None:
        answer = await server.chat("x")

        assert answer.choices[0].message.content == "x"
        assert server.journal.faults == {"429": 2}

    plan = FaultPlan(("429",), first=2, retry_after_s=0)
    with_mock(test, MockOptions(faults=plan), max_retries=2)
