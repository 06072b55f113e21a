from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.gateway.sse import Lines

STREAM = b'data: {"choices": [{"delta": {"content": "4"}}]}\r\n\r\n: wait\n\ndata: [DONE]\n\n'


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_however_a_stream_is_cut_the_same_bytes_leave_in_whole_lines(cuts):
    edges = [0, *sorted(cuts), len(STREAM)]
    lines = Lines()

    left = [lines.feed(STREAM[start:end]) for start, end in pairwise(edges)]

    assert all(piece == b"" or piece.endswith(b"\n") for piece in left)
    assert b"".join(left) + lines.flush() == STREAM
    assert lines.finished


@pytest.mark.parametrize(
    ("line", "finished"),
    [
        (b"data: [DONE]\n", True),
        (b'data: {"choices":[{"finish_reason":"stop"}]}\n', True),
        (b'data: {"choices":[{"finish_reason": null}]}\n', False),
        (b'data: {"error": {"message": "overloaded"}}\n', True),
        (b'data: {"choices":[{"delta":{"content":"\\"finish_reason\\": \\"stop\\""}}]}\n', False),
        (b": wait\n", False),
    ],
)
def test_only_an_end_that_was_meant_finishes_a_stream(line, finished):
    lines = Lines()

    lines.feed(line)

    assert lines.finished is finished


def test_an_end_without_a_last_newline_counts():
    lines = Lines()
    lines.feed(b"data: [DONE]")

    assert lines.flush() == b"data: [DONE]"
    assert lines.finished
