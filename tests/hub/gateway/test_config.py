from pathlib import Path

from hub.gateway.config import (
    CallCount,
    Listener,
    Route,
    Upstream,
    decode_counts,
    decode_listeners,
    encode_counts,
    encode_listeners,
)


def test_listeners_come_back_as_they_were():
    upstreams = {"candidate": Upstream("http://a/v1", "m", "KEY", 3, 1.5), "judge": Upstream("http://b/v1", "j")}
    listeners = (
        Listener(Route("0-é", upstreams, 1, 2), Path("/x/gateway.sock")),
        Listener(Route("1", {}), Path("/y/gateway.sock")),
    )

    line = encode_listeners(listeners)

    assert "\n" not in line
    assert decode_listeners(line) == listeners


def test_counts_come_back_by_status_and_a_cut_line_is_passed_over():
    counts = (CallCount("a", "candidate", "arc", 200, 3), CallCount("a", "candidate", "arc", 504, 1))

    lines = encode_counts(counts)

    assert len(lines) == 1
    assert decode_counts(f'{{"event": "other"}}\n{lines[0]}\n{lines[0][:20]}') == counts
