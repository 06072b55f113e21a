import json
import os
from pathlib import Path

import pytest

from hub.jobevents import EventTail, Whereabouts, failure, read_events, whereabouts

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


def write(path: Path, *events: tuple[str, str]) -> Path:
    lines = [{"event": kind, "dataset": label, "done": 1, "total": 2} for kind, label in events]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("events", "dataset", "finished"),
    [
        ([], None, ()),
        ([("planned", "a")], "a", ()),
        ([("planned", "a"), ("planned", "b")], "a", ()),
        ([("planned", "a"), ("planned", "b"), ("progress", "b")], "b", ()),
        ([("planned", "a"), ("planned", "b"), ("progress", "a"), ("finished", "a")], "b", ("a",)),
        ([("progress", "a"), ("progress", "b"), ("progress", "a")], "a", ()),
        ([("progress", "a"), ("progress", "b"), ("progress", "a"), ("finished", "a")], "b", ("a",)),
        ([("progress", "a"), ("finished", "a")], None, ("a",)),
        ([("finished", "a"), ("planned", "nobody"), ("progress", "nobody")], None, ("a",)),
        ([("finished", "a"), ("progress", "a")], None, ("a",)),
    ],
)
def test_where_a_job_is_is_where_it_told_of_progress_last(
    events: list[tuple[str, str]], dataset: str | None, finished: tuple[str, ...], tmp_path: Path
) -> None:
    path = write(tmp_path / "events.jsonl", *events)

    assert whereabouts(path, ("a", "b")) == Whereabouts(dataset, finished)


def test_what_is_no_event_does_not_end_the_reading(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b"x" * (5 << 20) + b"\n" + GOOD + b'{"event": "failed", "reason": "last"}\n' + GOOD[:9])

    assert [event["event"] for event in read_events(path)] == ["message", "failed"]
    assert failure(path) == ("last", "")


def test_a_long_line_that_ends_like_an_event_is_none(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(b" " * (1 << 20) + GOOD)

    assert list(read_events(path)) == []
