import json
import os
from pathlib import Path

import pytest

from hub.jobevents import EventTail, failure

GOOD = b'{"event": "message", "text": "hello"}\n'


def read(path: Path) -> list[dict[str, object]]:
    return list(EventTail(path).read())


def test_a_pipe_in_the_place_of_events_does_not_block(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    os.mkfifo(path)

    assert read(path) == []
    assert failure(path) is None


def test_a_link_is_not_followed_out_of_the_folder(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(GOOD)
    path = tmp_path / "events.jsonl"
    path.symlink_to(secret)

    assert read(path) == []


@pytest.mark.parametrize(
    "line",
    [
        b'{"event": "message", "text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"[" * 100_000,
        b"\xff\xfe",
        b"nul\0",
    ],
    ids=["deep", "open", "no text", "nul"],
)
def test_a_line_that_is_no_event_is_passed_over(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(line + b"\n" + GOOD)

    assert [event["text"] for event in read(path)] == ["hello"]


def test_half_a_character_becomes_one_that_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(json.dumps({"event": "failed", "reason": "a\ud800b"}) + "\n")

    assert failure(path) == ("a?b", "")


def test_a_line_is_read_once_and_only_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    tail = EventTail(path)
    path.write_bytes(GOOD + GOOD[:10])

    first, again = list(tail.read()), list(tail.read())
    path.write_bytes(GOOD + GOOD)

    assert (len(first), again, len(list(tail.read()))) == (1, [], 1)
