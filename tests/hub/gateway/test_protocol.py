from pathlib import Path

import pytest

from hub.gateway.config import Books, Interceptor, Listener, Prices, Retry, Route, Upstream, Verdict
from hub.gateway.protocol import (
    Begin,
    Begun,
    End,
    Ended,
    decode_command,
    decode_event,
    decode_start,
    encode_command,
    encode_event,
    encode_start,
)

FULL = Upstream(
    "http://a/v1", "m", "KEY", 3, 1.5, 0.5, "identity", Retry(2, 0.1, 1.0, 5.0), 60, 1000, Prices(1.0, 2.0),
    (Interceptor("drop", ["top_k"]), Interceptor("max_tokens", 5)),
)  # fmt: skip
JOB = Listener(
    Route("0-é", {"candidate": FULL, "judge": Upstream("http://b/v1", "j")}, 1, 2, 3, Path("/b.jsonl")),
    Path("/x/gateway.sock"),
)


@pytest.mark.parametrize("books", [Books(Path("/l")), Books(Path("/l"), "shared", Path("/a"), 5, 6, 7.5)])
def test_the_configuration_comes_back_as_it_was(books):
    listeners = (JOB, Listener(Route("1", {}), Path("/y/gateway.sock")))

    line = encode_start(listeners, books)

    assert "\n" not in line
    assert decode_start(line) == (listeners, books)


@pytest.mark.parametrize("command", [Begin(JOB), End("0-é")])
def test_an_order_comes_back_as_it_was(command):
    assert decode_command(encode_command(command)) == command


@pytest.mark.parametrize("event", [Begun("0-é"), Ended("1"), Verdict("0", "outage", "silent since 12:00\n")])
def test_news_comes_back_as_it_was(event):
    line = encode_event(event)

    assert "\n" not in line
    assert decode_event(line) == event


@pytest.mark.parametrize("line", ["", "[]", '{"event": "other"}', encode_event(Ended("job"))[:-3]])
def test_a_line_that_was_cut_or_is_unknown_is_no_news(line):
    assert decode_event(line) is None
