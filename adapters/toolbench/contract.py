"""What the halves say to each other: task.json, and the names of what the runner writes; both halves import it.

Below the job's output, a folder for each data set:
    predictions.jsonl   one line an item, in the order of the data, written as they are answered
    metrics.json        all figures and what counted in them, once all items are done; or why there are none
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

TASK_FILE = "task.json"
PREDICTIONS_FILE = "predictions.jsonl"
METRICS_FILE = "metrics.json"
DATA_SUFFIXES = (".json", ".jsonl")
EVALUATOR_VERSION = "1"

# A client gives up later than the gateway does, so that the gateway's reason is what the sample gets.
CLIENT_MARGIN_S = 60.0


@dataclass(frozen=True)
class StaticDataset:
    """A data set of single steps, with every default filled in.

    Attributes:
        path: file inside the job; or a folder that holds one called `stem` with a suffix of data.
        limit: first N items.
        generation: parameters of a request.
    """

    label: str
    path: str
    stem: str
    limit: int | None = None
    generation: Mapping[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """Return the folder of its output."""
        return quote(self.label, safe="")


@dataclass(frozen=True)
class Task:
    """All that the runner is told."""

    model: str
    static: tuple[StaticDataset, ...]
    concurrency: int
    request_timeout_s: float


def dumps(task: Task) -> str:
    """Return the text of task.json: sorted keys, so that the same task is the same bytes."""
    return json.dumps(dataclasses.asdict(task), sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def loads(text: str) -> Task:
    """Return what `dumps` wrote."""
    entry = json.loads(text)
    static = tuple(StaticDataset(**dataset) for dataset in entry.pop("static"))
    return Task(static=static, **entry)
