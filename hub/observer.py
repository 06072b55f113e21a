"""Events of a run, as they happen: what a screen shows and events.jsonl keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from hub.report import JobState


@dataclass(frozen=True)
class RunStarted:
    """The run folder exists."""

    run_id: str
    folder: str
    jobs: tuple[str, ...]


@dataclass(frozen=True)
class RunResumed:
    """A run goes on; `kept` are the jobs whose reports stay as they are."""

    run_id: str
    folder: str
    jobs: tuple[str, ...]
    kept: tuple[str, ...]


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


ServerState = Literal["starting", "loading", "ready", "restarting", "lost", "stopped"]


@dataclass(frozen=True)
class ServerChanged:
    """A model server entered a state, or still loads; `seconds` is how long loading took, or takes so far."""

    server: str
    state: ServerState
    reason: str = ""
    seconds: float = 0.0


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
    """The run is over; where it has a report, that is written."""

    state: str


Event = (
    RunStarted
    | RunResumed
    | EngineChosen
    | Preparing
    | Prepared
    | ServerChanged
    | JobChanged
    | JobRestarted
    | Progressed
    | Said
    | RunEnded
)
Observer = Callable[[Event], None]

_NAMES: dict[type[Event], str] = {
    RunStarted: "run_started",
    RunResumed: "run_resumed",
    EngineChosen: "engine",
    Preparing: "preparing",
    Prepared: "prepared",
    ServerChanged: "server",
    JobChanged: "job",
    JobRestarted: "job_restarted",
    Progressed: "progress",
    Said: "message",
    RunEnded: "run_ended",
}
_KINDS: dict[str, type[Event]] = {name: kind for kind, name in _NAMES.items()}


def to_plain(event: Event) -> dict[str, Any]:
    """Return an event as JSON-able data, its kind under `event`."""
    return {"event": _NAMES[type(event)], **asdict(event)}


def from_plain(plain: Mapping[str, Any]) -> Event | None:
    """Return the event that `to_plain` wrote; None for a kind, or a form, that another version wrote."""
    kind = _KINDS.get(str(plain.get("event")))
    if kind is None:
        return None
    try:
        found = {part.name: plain[part.name] for part in fields(kind)}
        if kind is JobChanged:
            found["state"] = JobState(found["state"])
    except (KeyError, ValueError):
        return None
    parts: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in found.items()
    }
    return kind(**parts)


def silent(_event: Event) -> None:
    """Observe nothing."""
