import json
import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from hub.observer import (
    EngineChosen,
    Event,
    JobChanged,
    JobRestarted,
    Prepared,
    Preparing,
    Progressed,
    RunEnded,
    RunResumed,
    RunStarted,
    Said,
    ServerChanged,
    from_plain,
    to_plain,
)
from hub.report import JobState

PAGE = Path(__file__).parents[2] / "docs" / "events.md"
EXAMPLES: tuple[Event, ...] = (
    RunStarted("r", "/r", ("1", "2")),
    RunResumed("r", "/r", ("1", "2"), ("1",)),
    EngineChosen("venv", "asked for", "namespace"),
    Preparing("image echo", "step 1"),
    Prepared("image echo", "", 1.5),
    ServerChanged("m", "restarting", "why", 1.5),
    JobChanged("1", JobState.PARTIAL, "why"),
    JobRestarted("1", "d", "why"),
    Progressed("1", "d", 1, 2, 0),
    Said("1", "hello"),
    RunEnded("partial"),
)


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
def test_an_event_is_read_back_as_it_was_written(event: Event) -> None:
    assert from_plain(json.loads(json.dumps({"time": 1.0, **to_plain(event)}))) == event


def test_every_kind_of_event_has_its_example() -> None:
    assert {type(event) for event in EXAMPLES} == set(get_args(Event))


@pytest.mark.parametrize(
    "plain",
    [{}, {"event": "new"}, {"event": "job", "job": "1"}, {"event": "job", "job": "1", "state": "new", "reason": ""}],
)
def test_what_another_version_wrote_is_no_event(plain: dict[str, str]) -> None:
    assert from_plain(plain) is None


def test_keys_that_are_not_known_are_passed_over() -> None:
    assert from_plain({**to_plain(RunEnded("failed")), "more": 1}) == RunEnded("failed")


def test_the_page_names_every_event_of_the_file_with_its_keys() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    told = {name: re.findall(r"`(\w+)`", keys) for name, keys in rows}

    written = (event for event in EXAMPLES if not isinstance(event, Preparing))
    assert told == {to_plain(event)["event"]: [part.name for part in fields(event)] for event in written}
