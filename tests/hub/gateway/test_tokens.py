import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.gateway.tokens import Usage, expected, usage_of

COUNT = {"prompt_tokens": 12, "completion_tokens": 30, "total_tokens": 42}


@pytest.mark.parametrize(
    "count",
    [
        COUNT,
        {**COUNT, "prompt_tokens_details": {"cached_tokens": 3}, "completion_tokens_details": None},
        {"completion_tokens": 30, "prompt_tokens": 12},
    ],
)
def test_the_upstream_s_count_is_taken(count):
    body = json.dumps({"choices": [{"message": {"content": "4"}}], "usage": count})

    assert usage_of(body.encode()) == Usage(12, 30)


def test_embeddings_have_no_answer_tokens():
    assert usage_of(b'{"data": [], "usage": {"prompt_tokens": 8, "total_tokens": 8}}') == Usage(8, 0)


def test_the_last_count_of_a_stream_is_taken():
    events = (
        b'data: {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 1}}\n\n'
        b'data: {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 7}}\n\n'
        b'data: {"choices": [], "usage": null}\n\ndata: [DONE]\n\n'
    )

    assert usage_of(events) == Usage(5, 7)


def test_a_count_inside_an_answer_s_text_is_no_count():
    said = json.dumps({"usage": {"prompt_tokens": 999, "completion_tokens": 999}})
    body = json.dumps({"usage": COUNT, "choices": [{"message": {"content": said}}]})

    assert usage_of(body.encode()) == Usage(12, 30)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"usage": null}',
        b'{"usage": {}}',
        b'{"usage": [1]}',
        b'{"usage": {"prompt_tokens": 1',
        b'"usage": {' + b'"a": {' * 50_000,
        b'{"usage": {"seconds": 3}}',
    ],
)
def test_where_nobody_counted_there_is_no_count(body):
    assert usage_of(body) is None


@pytest.mark.parametrize("odd", ["12", None, -3, True, 1.5])
def test_a_count_that_is_no_number_counts_nothing(odd):
    assert usage_of(json.dumps({"usage": {"prompt_tokens": odd, "completion_tokens": 2}}).encode()) == Usage(0, 2)


@given(st.binary())
def test_any_bytes_may_come(body):
    usage_of(b'"usage": {' + body)


def test_a_request_is_reckoned_by_its_text_and_the_longest_answer():
    fields = {"messages": [{"role": "user", "content": "x" * 400}], "max_tokens": 50, "n": 3}

    assert expected(fields) == Usage(1 + 100, 150)


@pytest.mark.parametrize(
    ("fields", "usage"),
    [
        ({"prompt": "x" * 40, "max_tokens": 5}, Usage(10, 5)),
        ({"prompt": ["x" * 40, "x" * 40], "max_tokens": 5}, Usage(20, 5)),
        ({"prompt": [1, 2, 3], "max_tokens": 5}, Usage(3, 5)),
        ({"input": ["x" * 40]}, Usage(10, 0)),
        ({"prompt": ""}, Usage(0, 512)),
        ({"prompt": "", "max_tokens": 9, "max_completion_tokens": 7}, Usage(0, 7)),
        ({"prompt": "", "max_tokens": "many"}, Usage(0, 512)),
        ({"prompt": None, "max_tokens": 1}, Usage(0, 1)),
    ],
)
def test_every_kind_of_request_is_reckoned(fields, usage):
    assert expected(fields) == usage


def test_a_picture_is_not_reckoned_by_its_bytes():
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "x" * 1_000_000}}
    fields = {"messages": [{"role": "user", "content": [picture, {"type": "text", "text": "x" * 40}]}]}

    assert expected(fields).tokens_in < 1100
