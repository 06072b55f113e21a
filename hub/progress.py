"""How far a run is, read from its events: each data set of each job, its rate, and the time that is left."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.observer import Event, JobChanged, Progressed, RunResumed, RunStarted, from_plain
from hub.report import JobState

_WINDOW_S = 60.0  # what a resumed job has from its cache comes fast, and says nothing about the rest


@dataclass(frozen=True)
class Pace:
    """How far a job is with one data set.

    Attributes:
        total: 0 where it is not known.
        per_s: samples a second during the last minute; None where too little happened to tell.
        left_s: seconds to its end at that rate.
    """

    job: str
    dataset: str
    done: int
    total: int
    errors: int
    per_s: float | None = None
    left_s: float | None = None


@dataclass
class _Track:
    last: Progressed
    points: deque[tuple[float, int]] = field(default_factory=deque)

    def add(self, at: float, event: Progressed) -> None:
        self.last = event
        self.points.append((at, event.done))
        while len(self.points) > 2 and at - self.points[1][0] > _WINDOW_S:
            self.points.popleft()

    def pace(self, now: float | None) -> Pace:
        """Return where it stands; a rate only as of `now`."""
        event = self.last
        known = Pace(event.job, event.dataset, event.done, event.total, event.errors)
        if now is None or not self.points:
            return known
        since, before = self.points[0]
        seconds, more = now - since, event.done - before
        if seconds < 1 or not more:
            return known
        per_s = more / seconds
        left_s = (event.total - event.done) / per_s if event.total > event.done else None
        return Pace(event.job, event.dataset, event.done, event.total, event.errors, per_s, left_s)


class Progress:
    """The state of a run's data sets, event by event."""

    def __init__(self) -> None:
        """Know of no event yet."""
        self._tracks: dict[tuple[str, str], _Track] = {}

    def add(self, plain: Mapping[str, Any]) -> Event | None:
        """Take in a line of events.jsonl; return it as an event, None where it is none that is known."""
        event = from_plain(plain)
        match event:
            case RunStarted() | RunResumed():
                self._tracks.clear()
            case JobChanged(job=job, state=JobState.PREPARING):  # it begins again
                self._tracks = {key: track for key, track in self._tracks.items() if key[0] != job}
            case Progressed():
                track = self._tracks.setdefault((event.job, event.dataset), _Track(event))
                track.add(float(plain.get("time", 0.0)), event)
        return event

    def paces(self, now: float | None = None) -> tuple[Pace, ...]:
        """Return how far every data set is, in the order of their beginning; rates as of `now`, where it is given."""
        return tuple(track.pace(now) for track in self._tracks.values())
