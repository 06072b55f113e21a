"""The files of a job: what VLMEvalKit wrote, and what the runner says of each data set and each failed request.

Tables are read as they stand; pickles, which VLMEvalKit writes beside them, never are.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from adapters.vlmevalkit.contract import FAILURES_FILE, IMAGES, MODEL_LABEL, STATUS_FILE
from hub.files import OutputError, Read, read_json, read_lines

Row = dict[str, str]

LONGEST_CELL = 1 << 30  # an answer of 32768 tokens is longer than what Python's csv takes by itself
_UNSEEN = "the job never got to it"
_ENDED = {
    ("load", "running"): "the job ended while its data were loaded",
    ("load", "ok"): "the job ended before it was answered",
    ("infer", "running"): "the job ended while it was answered",
    ("infer", "ok"): "the job ended before it was scored",
    ("score", "running"): "the job ended while it was scored",
}


@dataclass(frozen=True)
class DatasetOutput:
    """One data set, as the runner's status tells of it."""

    label: str
    file: str
    entry: Mapping[str, Any]

    @property
    def planned(self) -> int:
        """Return how many rows were to be asked; 0 where they were never loaded."""
        return int(self.entry.get("planned", 0))

    @property
    def scored(self) -> bool:
        """Return whether VLMEvalKit came to a score."""
        ended = self.entry.get("stage") == "score" and self.entry.get("state") == "ok"
        return ended and not self.entry.get("skipped")

    @property
    def why_not(self) -> str:
        """Return why there is no score."""
        if self.entry.get("error"):
            return str(self.entry["error"]).partition("\n")[0]  # some of VLMEvalKit's are a page long
        if self.entry.get("skipped"):
            return f"VLMEvalKit skipped it: {self.entry['skipped']}"
        return _ENDED.get((str(self.entry.get("stage")), str(self.entry.get("state"))), _UNSEEN)

    @property
    def predictions(self) -> str:
        """Return where VLMEvalKit's file of answers lies, relative to the output; empty where there is none."""
        return str(self.entry.get("predictions", ""))

    @property
    def folder(self) -> str:
        """Return where VLMEvalKit wrote."""
        return self.predictions.rpartition("/")[0]

    @property
    def name(self) -> str:
        """Return VLMEvalKit's name of the data set."""
        return self.predictions.rpartition("/")[2].removesuffix(".tsv").removeprefix(f"{MODEL_LABEL}_")

    def beside(self, ending: str, name: str = "") -> str:
        """Return the place of a file that VLMEvalKit wrote beside the answers, under `ending`.

        Args:
            ending: what follows the names of model and data set.
            name: the data set that it is about, where that is a part of a compilation.
        """
        return f"{self.folder}/{MODEL_LABEL}_{name or self.name}{ending}"


@dataclass(frozen=True)
class Failure:
    """A request of the model that failed; `seen`: the gateway answered it, so that its ledger has it, too."""

    error: str
    seen: bool


@dataclass(frozen=True)
class Output:
    """The job's output, read through `read`."""

    read: Read

    @cached_property
    def status(self) -> Mapping[str, Mapping[str, Any]]:
        """Return what the runner says of each data set, by its `file`.

        Raises:
            OutputError: it wrote nothing.
        """
        found = self.json(STATUS_FILE)
        datasets = found.get("datasets") if isinstance(found, dict) else None
        if not isinstance(datasets, dict):
            raise OutputError("the runner wrote nothing")
        return {str(file): entry for file, entry in datasets.items() if isinstance(entry, dict)}

    @cached_property
    def failures(self) -> Mapping[str, Mapping[str, Failure]]:
        """Return the model's requests that failed, by data set and sample; an empty answer is an answer."""
        found: dict[str, dict[str, Failure]] = {}
        for line in self._failed("candidate", empty=False):
            failure = Failure(str(line.get("error", "")), bool(line.get("seen", True)))
            found.setdefault(str(line.get("dataset")), {})[str(line.get("sample"))] = failure
        return found

    @cached_property
    def empty(self) -> AbstractSet[tuple[str, str]]:
        """Return data set and sample of answers that held nothing, for which VLMEvalKit has other words."""
        return {(str(line.get("dataset")), str(line.get("sample"))) for line in self._failed("candidate", empty=True)}

    @cached_property
    def unheard(self) -> Mapping[str, list[str]]:
        """Return what became of requests to the judge of which the gateway knows nothing, by data set."""
        found: dict[str, list[str]] = {}
        for line in self._failed("judge", empty=False):
            if not line.get("seen", True):
                found.setdefault(str(line.get("dataset")), []).append(str(line.get("error", "")))
        return found

    def _failed(self, role: str, *, empty: bool) -> Iterator[Mapping[str, Any]]:
        for line in read_lines(self.read, FAILURES_FILE):
            if line.get("role") == role and bool(line.get("empty")) == empty:
                yield line

    def prompts(self, file: str) -> Mapping[str, list[dict[str, Any]]]:
        """Return what each sample's model was given, as far as the runner could keep it."""
        lines = read_lines(self.read, f"{IMAGES}/{file}/samples.jsonl")
        return {str(line.get("sample")): line["prompt"] for line in lines if isinstance(line.get("prompt"), list)}

    def rows(self, place: str) -> list[Row]:
        """Return the rows of a TSV or CSV by its columns; none where there is no such file.

        Raises:
            OutputError: it is no table.
        """
        content = self.read(place) if place else None
        if content is None:
            return []
        csv.field_size_limit(LONGEST_CELL)
        text = io.StringIO(content.decode(errors="replace").replace("\0", ""), newline="")
        delimiter = "\t" if place.endswith(".tsv") else ","
        try:
            return [_row(line) for line in csv.DictReader(text, delimiter=delimiter)]
        except csv.Error as error:
            raise OutputError(f"{place} is no table: {error}") from error

    def json(self, place: str, *, literal: bool = False) -> Any:
        """Return what a JSON file holds, None where there is none; `literal`: numbers as the texts they are.

        Raises:
            OutputError: it is no JSON.
        """
        return read_json(self.read, place, literal=literal)


def _row(line: Mapping[str | None, Any]) -> Row:
    """Return a row without what stands outside its columns; a cell that is missing is empty."""
    return {name: value or "" for name, value in line.items() if name is not None}
