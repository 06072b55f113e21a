"""The files of a job: what OpenCompass wrote, and what the runner says of each part and of each failed request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from adapters.opencompass.contract import EXPERIMENT, FAILURES_FILE, STATUS_FILE
from hub.files import OutputError, Read, read_json, read_lines

_UNSEEN = "the job never got to it"
_ENDED = {
    ("load", "ok"): "the job ended before it was answered",
    ("infer", "running"): "the job ended while it was answered",
    ("infer", "ok"): "the job ended before it was scored",
    ("score", "running"): "the job ended while it was scored",
}


@dataclass(frozen=True)
class PartOutput:
    """One part, as the runner's status tells of it.

    Attributes:
        subset: the report's name of it.
        evaluators: the classes of OpenCompass that may have scored it.
    """

    label: str
    file: str
    subset: str | None
    entry: Mapping[str, Any]
    evaluators: tuple[str, ...] = ()

    @property
    def planned(self) -> int:
        """Return its rows; 0 where it was never loaded."""
        return int(self.entry.get("planned", 0))

    @property
    def scored(self) -> bool:
        """Return whether OpenCompass came to a score."""
        return self.entry.get("stage") == "score" and self.entry.get("state") == "ok"

    @property
    def why_not(self) -> str:
        """Return why there is no score."""
        if self.entry.get("error"):
            return str(self.entry["error"])
        return _ENDED.get((str(self.entry.get("stage")), str(self.entry.get("state"))), _UNSEEN)


@dataclass(frozen=True)
class Failure:
    """A request that failed; `seen`: the gateway answered it, so that its ledger has it, too."""

    error: str
    seen: bool


@dataclass(frozen=True)
class Output:
    """The job's output, read through `read`; `model` is OpenCompass's folder of the model."""

    read: Read
    model: str

    @cached_property
    def status(self) -> Mapping[str, Any]:
        """Return the runner's status.

        Raises:
            OutputError: it wrote none.
        """
        found = read_json(self.read, STATUS_FILE)
        if not isinstance(found, dict) or not isinstance(found.get("parts"), dict):
            raise OutputError("the runner wrote nothing")
        return found

    @cached_property
    def failures(self) -> Mapping[str, Mapping[int, Failure]]:
        """Return the requests that failed by part and number."""
        found: dict[str, dict[int, Failure]] = {}
        for entry in read_lines(self.read, FAILURES_FILE):
            failure = Failure(str(entry.get("error", "")), bool(entry.get("seen", True)))
            found.setdefault(str(entry.get("part")), {})[int(entry.get("index", 0))] = failure
        return found

    def place(self, kind: str, file: str) -> str:
        """Return where OpenCompass keeps something of a part, relative to the output."""
        return f"{EXPERIMENT}/{kind}/{self.model}/{file}.json"

    def result(self, file: str) -> Mapping[str, Any]:
        """Return OpenCompass's result of a part, its numbers as literals.

        Raises:
            OutputError: there is none.
        """
        place = self.place("results", file)
        found = read_json(self.read, place, literal=True)
        if not isinstance(found, dict):
            raise OutputError(f"{place} is missing or no object, though the runner says that it was scored")
        return found

    def predictions(self, file: str) -> Mapping[str, Any]:
        """Return the answers to a part by number; of one that broke off, those that were saved."""
        for name in (file, f"tmp_{file}"):
            found = read_json(self.read, self.place("predictions", name))
            if isinstance(found, dict):
                return found
        return {}
