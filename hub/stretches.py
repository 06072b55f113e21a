"""When a run was at work: from each of its starts to that one's end, or to the last sign of one that was killed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hub.report import Stretch

_BEGINS = {"run_started", "run_resumed"}


def stretches(events: Iterable[Mapping[str, Any]]) -> tuple[Stretch, ...]:
    """Return the times that a run's events tell of, in their order; what has no time of its own is passed over."""
    found: list[Stretch] = []
    for event in events:
        at = event.get("time")
        if not isinstance(at, int | float):
            continue
        if event["event"] in _BEGINS:
            found.append(Stretch(started_at=at, ended_at=at))
        elif found:
            began = found[-1].started_at
            found[-1] = Stretch(started_at=began, ended_at=max(found[-1].ended_at, at))
    return tuple(found)
