"""Events of a run, as they happen: what a screen shows and events.jsonl keeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from hub.report import JobState


@dataclass(frozen=True)
class RunStarted:
    """The run folder exists."""

    run_id: str
    folder: str
    jobs: tuple[str, ...]


@dataclass(frozen=True)
class EngineChosen:
    """Where the jobs will execute, why, and how isolated they are there."""

    engine: str
    reason: str
    isolation: str


@dataclass(frozen=True)
class Preparing:
    """One line of what a build or a download says."""

    what: str
    line: str


@dataclass(frozen=True)
class Prepared:
    """An image, environment or download is there, after so many seconds."""

    what: str
    reference: str
    seconds: float


@dataclass(frozen=True)
class JobChanged:
    """A job entered a state."""

    job: str
    state: JobState
    reason: str = ""


@dataclass(frozen=True)
class JobRestarted:
    """A job died in a data set and is started again without it."""

    job: str
    dataset: str
    reason: str


@dataclass(frozen=True)
class Progressed:
    """How far a job is with one data set."""

    job: str
    dataset: str
    done: int
    total: int
    errors: int


@dataclass(frozen=True)
class Said:
    """A message of a job's runner for the user."""

    job: str
    text: str


@dataclass(frozen=True)
class RunEnded:
    """The run is over; its report is written."""

    state: str


Event = RunStarted | EngineChosen | Preparing | Prepared | JobChanged | JobRestarted | Progressed | Said | RunEnded
Observer = Callable[[Event], None]

_NAMES = {
    RunStarted: "run_started",
    EngineChosen: "engine",
    Preparing: "preparing",
    Prepared: "prepared",
    JobChanged: "job",
    JobRestarted: "job_restarted",
    Progressed: "progress",
    Said: "message",
    RunEnded: "run_ended",
}


def to_plain(event: Event) -> dict[str, Any]:
    """Return an event as JSON-able data, its kind under `event`."""
    return {"event": _NAMES[type(event)], **asdict(event)}


def silent(_event: Event) -> None:
    """Observe nothing."""
