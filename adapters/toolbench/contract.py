"""What the halves say to each other: task.json, and the names of what the runner writes; both halves import it.

Below the job's output, a folder for each data set:
    predictions.jsonl   one line an item, in the order of the data, written as they are answered
    metrics.json        all figures and what counted in them, of the items done so far; or why there are none
of an agent's data set besides:
    answers/            a file a query, <query id>_<method>.json, as StableToolBench's inference writes it
    converted.json      all of them as ToolEval reads them; an earlier run's is what `reference` names
    judgements.jsonl    one line a query: what the judge said in every round
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

TASK_FILE = "task.json"
PREDICTIONS_FILE = "predictions.jsonl"
METRICS_FILE = "metrics.json"
ANSWERS_FOLDER = "answers"
CONVERTED_FILE = "converted.json"
JUDGEMENTS_FILE = "judgements.jsonl"
DATA_SUFFIXES = (".json", ".jsonl")
EVALUATOR_VERSION = "1"

Method = Literal["cot", "dfsdt"]
Compat = Literal["clean", "upstream"]
Api = Literal["cache", "simulate", "remote"]

# How often the judge is asked for a verdict that cannot be read.
VERDICT_TRIES = 3
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
class StableDataset:
    """A data set that an agent works on, with every default filled in; paths are those inside the job, or empty.

    Attributes:
        path: file of queries; or a folder that holds one called `stem`.
        limit: first N queries.
        generation: parameters of a request.
        tries: chains of `cot` at most; width: children of a node of `dfsdt`.
        max_steps: longest chain, thoughts, calls and their arguments counted apart.
        max_calls: requests to the model for one query.
        observation_limit: so many characters of what an API answered are shown.
        url: of a virtual API server of the user's, where `api` is `remote`.
        cache, tools: folders as StableToolBench publishes them.
        published: a folder that holds both somewhere.
        upstream: a copy of StableToolBench, for its prompts.
        reference: converted answers of an earlier run: a file, or a folder that holds one.
        judge: whether answers are judged; rounds: how often.
    """

    label: str
    path: str
    stem: str
    limit: int | None = None
    generation: Mapping[str, Any] = field(default_factory=dict)
    method: Method = "cot"
    tries: int = 1
    width: int = 2
    max_steps: int = 50
    max_calls: int = 200
    observation_limit: int = 1024
    compat: Compat = "clean"
    api: Api = "cache"
    url: str = ""
    cache: str = ""
    tools: str = ""
    published: str = ""
    upstream: str = ""
    reference: str = ""
    judge: bool = False
    rounds: int = 3
    seed: int = 42

    @property
    def folder(self) -> str:
        """Return the folder of its output."""
        return quote(self.label, safe="")

    @property
    def method_name(self) -> str:
        """Return the method's name in StableToolBench."""
        return f"CoT@{self.tries}" if self.method == "cot" else f"DFS_woFilter_w{self.width}"


@dataclass(frozen=True)
class Task:
    """All that the runner is told; data sets in the order of the task within their kind."""

    model: str
    static: tuple[StaticDataset, ...]
    concurrency: int
    request_timeout_s: float
    stable: tuple[StableDataset, ...] = ()


def dumps(task: Task) -> str:
    """Return the text of task.json: sorted keys, so that the same task is the same bytes."""
    return json.dumps(dataclasses.asdict(task), sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def loads(text: str) -> Task:
    """Return what `dumps` wrote."""
    entry = json.loads(text)
    static = tuple(StaticDataset(**dataset) for dataset in entry.pop("static"))
    stable = tuple(StableDataset(**dataset) for dataset in entry.pop("stable"))
    return Task(static=static, stable=stable, **entry)
