"""Follow the events that a runner writes to output/events.jsonl while its job runs."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.files import open_untrusted
from hub.text import clean_all

_MAX_LINE = 1 << 20


class EventTail:
    """Read new whole lines at each call; lines that are not events are passed over: a runner can write anything."""

    def __init__(self, path: Path) -> None:
        """Follow `path`, which need not exist yet."""
        self._path = path
        self._offset = 0

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield the events written since the last call."""
        try:
            with open_untrusted(self._path) as file:
                file.seek(self._offset)
                text = file.read(_MAX_LINE)
        except OSError:
            return
        end = text.rfind(b"\n") + 1
        self._offset += end if end or len(text) < _MAX_LINE else len(text)
        for line in text[:end].splitlines():
            event = _parse(line)
            if event is not None:
                yield event


def read_events(path: Path) -> Iterator[dict[str, Any]]:
    """Yield all events in `path`; a last line that is not whole is none."""
    try:
        file = open_untrusted(path)
    except OSError:
        return
    with file:
        begins = True
        while line := file.readline(_MAX_LINE):
            ends = line.endswith(b"\n")
            if begins and ends and (event := _parse(line)) is not None:
                yield event
            begins = ends


def failure(path: Path) -> tuple[str, str] | None:
    """Return reason and hint of the last `failed` event in `path`, or None."""
    found = None
    for event in read_events(path):
        if event["event"] == "failed":
            found = (str(event.get("reason", "")), str(event.get("hint") or ""))
    return found


@dataclass(frozen=True)
class Whereabouts:
    """Where a job is: in which data set (None before the first and after the last), and which it has finished."""

    dataset: str | None
    finished: tuple[str, ...]


def whereabouts(path: Path, labels: Collection[str]) -> Whereabouts:
    """Return where a job was when it wrote its last event; `labels` are its data sets.

    It is in the data set that told of progress last; before any progress, in the first one planned, for some
    backends plan all of them at once.
    """
    open_ones: dict[str, bool] = {}  # label -> whether it told of progress, in the order of its last word
    finished: dict[str, None] = {}
    for event in read_events(path):
        label = event.get("dataset")
        if not isinstance(label, str) or label not in labels:
            continue
        match event["event"]:
            case "planned":
                open_ones.setdefault(label, False)
            case "progress":
                open_ones.pop(label, None)
                open_ones[label] = True
            case "finished":
                finished[label] = None
    left = {label: told for label, told in open_ones.items() if label not in finished}
    told = [label for label, told in left.items() if told]
    return Whereabouts(next(iter([*told[-1:], *left]), None), tuple(finished))


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        event = clean_all(json.loads(line))
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None
