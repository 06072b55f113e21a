import json

from hypothesis import given
from hypothesis import strategies as st

from hub.gateway.asstream import as_stream, events_of
from hub.gateway.stripping import StrippedStream, strip_whole
from tests.fakes.clock import run
from tests.hub.gateway.played import BROKEN, Server, call, read, said, streamed

STREAM = {"messages": [], "stream": True}
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["message", "delta", "content", "text", "index", "tool_calls", "x"]), inner)
    ),
    max_leaves=12,
)


def ask(answer, **asked):
    async def steps():
        async with (made := call(**asked)).closing:
            got = await as_stream(Server(answer))(made)
            return got, await read(got)

    return run(steps())


def events(body):
    lines = [line[6:] for line in body.split(b"\n") if line.startswith(b"data: ")]
    return [line if line == b"[DONE]" else json.loads(line) for line in lines]


def test_who_asked_for_a_stream_gets_one():
    answer = said("42", id="x", object="chat.completion")

    got, pieces = ask(answer, fields=STREAM)

    assert ("Content-Type", "text/event-stream") in got.headers
    first, last, done = events(b"".join(pieces))
    assert (first["id"], first["object"]) == ("x", "chat.completion.chunk")
    assert first["choices"] == [{"index": 0, "delta": {"content": "42"}, "finish_reason": None}]
    assert last["choices"] == [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    assert done == b"[DONE]"


def test_the_usage_comes_if_asked_for():
    fields = {**STREAM, "stream_options": {"include_usage": True}}

    _, pieces = ask(said("42", usage={"prompt_tokens": 1}), fields=fields)

    assert events(pieces[0])[2] == {"choices": [], "usage": {"prompt_tokens": 1}}


def test_tool_calls_get_the_index_that_streams_have():
    body = {"choices": [{"index": 0, "message": {"content": None, "tool_calls": [{"id": "t"}]}}]}

    first = events(events_of(json.dumps(body).encode(), {}))[0]

    assert first["choices"][0]["delta"]["tool_calls"] == [{"index": 0, "id": "t"}]


def test_a_text_completion_is_a_stream_of_text():
    body = b'{"choices": [{"index": 0, "text": "42", "finish_reason": "length"}]}'

    first, last, _ = events(events_of(body, {}))

    assert first["choices"] == [{"index": 0, "text": "42", "finish_reason": None}]
    assert last["choices"] == [{"index": 0, "text": "", "finish_reason": "length"}]


def test_all_else_passes():
    stream = streamed(b"data: 1\n\n", b"data: 2\n\n")

    assert ask(said("42"))[0] == said("42")
    assert ask(stream, fields=STREAM)[0] is stream
    assert ask(BROKEN, fields=STREAM)[0].failure == BROKEN
    assert ask(said("42"), fields=STREAM, operation="embeddings")[0] == said("42")


@given(st.lists(anything, min_size=1, max_size=3))
def test_whatever_the_choices_are_nothing_breaks(choices):
    body = json.dumps({"choices": choices, "note": "think"}).encode()

    strip_whole(body)
    StrippedStream().read(events_of(body, {}))
