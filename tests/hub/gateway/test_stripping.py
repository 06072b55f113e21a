import json

from hypothesis import given
from hypothesis import strategies as st

from hub.gateway.reasoning import strip_text
from hub.gateway.stripping import StrippedStream, strip_whole, without_reasoning
from tests.fakes.clock import run
from tests.hub.gateway.played import BROKEN, call, read, said, streamed


def event(*choices, **more):
    return b"data: " + json.dumps({"id": "x", "choices": list(choices), **more}).encode() + b"\n\n"


def delta(content, index=0, finish=None, **more):
    return {"index": index, "delta": {"content": content, **more}, "finish_reason": finish}


def content_of(stream, index=0, member="delta"):
    """Return the text of one choice of a stream."""
    events = [json.loads(line[6:]) for line in stream.split(b"\n") if line.startswith(b"data: {")]
    choices = [choice for found in events for choice in found["choices"] if choice["index"] == index]
    return "".join(
        (choice["delta"].get("content") or "") if member == "delta" else choice["text"] for choice in choices
    )


def test_a_chat_s_answer_loses_its_reasoning_and_nothing_else():
    answer = {
        "id": "x",
        "choices": [
            {"index": 0, "message": {"content": "<think>a</think>4", "reasoning_content": "<think>kept"}},
            {"index": 1, "message": {"content": None, "tool_calls": [{"id": "t"}]}},
            {"index": 2, "message": {"content": "5"}},
        ],
        "usage": {"prompt_tokens": 1},
    }

    stripped = json.loads(strip_whole(json.dumps(answer).encode()))

    answer["choices"][0]["message"]["content"] = "4"
    assert stripped == answer


def test_a_text_completion_does_too():
    stripped = json.loads(strip_whole(b'{"choices": [{"text": "\\u003cthink\\u003ea\\u003c/think\\u003e4"}]}'))

    assert stripped == {"choices": [{"text": "4"}]}


def test_an_answer_without_reasoning_is_not_touched():
    body = b'{"choices":  [{"message": {"content": "I think: 4"}}]}'

    assert strip_whole(body) == body


def test_a_stream_loses_its_reasoning():
    events = [
        event(delta("", role="assistant")),
        *[event(delta(piece)) for piece in ("<thi", "nk>a", "</think>", "\n\n4", "2")],
        event(delta(None, finish="stop")),
        event(usage={"prompt_tokens": 1}),
        b"data: [DONE]\n\n",
    ]
    stream = StrippedStream()

    out = b"".join(stream.read(each) for each in events)

    assert content_of(out) == "42"
    assert b'"role": "assistant"' in out
    assert out.endswith(events[-2] + events[-1])


def test_what_was_held_back_comes_with_the_end_of_its_choice():
    events = [event(delta("4")), event(delta("2")), event(delta(None, finish="stop")), b"data: [DONE]\n\n"]
    stream = StrippedStream()

    out = [stream.read(each) for each in events]

    assert content_of(out[0] + out[1]) == ""
    assert content_of(out[2]) == "42"
    assert out[3] == events[3]


def test_or_before_the_end_of_a_stream_that_does_not_say_so():
    stream = StrippedStream()

    out = stream.read(event(delta("4", tool_calls=[1]))) + stream.read(b"data: [DONE]\n\n")

    assert content_of(out) == "4"
    assert out.count(b"tool_calls") == 1
    assert out.endswith(b"data: [DONE]\n\n")


def test_choices_are_told_apart():
    events = [
        event(delta("<think>a", 0), delta("b", 1)),
        event(delta("</think>4", 0)),
        event(delta("c</think>5", 1)),
        event(delta(None, 0, "stop"), delta(None, 1, "stop")),
    ]
    stream = StrippedStream()

    out = b"".join(stream.read(each) for each in events)

    assert (content_of(out, 0), content_of(out, 1)) == ("4", "5")


def test_a_stream_of_text_completions_is_stripped():
    stream = StrippedStream()

    out = stream.read(event({"index": 0, "text": "<think>a</think>4", "finish_reason": None}))
    out += stream.read(event({"index": 0, "text": "2", "finish_reason": "stop"}))

    assert content_of(out, member="text") == "42"


def test_lines_that_are_no_events_pass():
    stream = StrippedStream()
    lines = b": wait\n\nevent: x\ndata: no json <think>\ndata: [1]\n\n"

    assert stream.read(lines) == lines


def test_the_rest_of_a_stream_is_stripped_and_its_failure_passes():
    async def steps(*pieces):
        async with (asked := call()).closing:
            return await read(without_reasoning(asked, streamed(*pieces)))

    pieces = run(steps(event(delta("<think>a")), event(delta("</think>4")), BROKEN))
    unfinished = run(steps(event(delta("4")), event(delta("2"))))

    assert content_of(pieces[0] + pieces[1]) == "4"
    assert pieces[2] == BROKEN
    assert content_of(b"".join(unfinished)) == "42"


def test_whole_answers_are_stripped_and_failures_pass():
    from hub.gateway.call import Answer

    async def steps():
        return without_reasoning(call(), said("<think>a</think>4")), without_reasoning(call(), Answer.failed(BROKEN))

    whole, failed = run(steps())

    assert json.loads(whole.body)["choices"][0]["message"]["content"] == "4"
    assert failed == Answer.failed(BROKEN)


@given(st.lists(st.sampled_from(["<think>", "</think>", " ", "<", "a", "\n", "é"]), max_size=10))
def test_a_stream_leaves_what_the_whole_text_leaves(words):
    stream = StrippedStream()

    out = b"".join(stream.read(event(delta(word))) for word in words) + stream.read(b"data: [DONE]\n\n")

    assert content_of(out) == strip_text("".join(words))
