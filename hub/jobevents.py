"""Follow the events that a runner writes to output/events.jsonl while its job runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
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


def failure(path: Path) -> tuple[str, str] | None:
    """Return reason and hint of the last `failed` event in `path`, or None."""
    tail, found = EventTail(path), None
    while events := list(tail.read()):
        for event in events:
            if event.get("event") == "failed":
                found = (str(event.get("reason", "")), str(event.get("hint") or ""))
    return found


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        event = clean_all(json.loads(line))
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None
