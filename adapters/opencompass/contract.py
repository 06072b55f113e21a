"""What task.json holds: written by the host half, read by the runner; both halves import it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

TASK_FILE = "task.json"
STATUS_FILE = "status.json"
FAILURES_FILE = "failures.jsonl"
EXPERIMENT = "opencompass"  # the folder with what OpenCompass itself writes
OPENCOMPASS_VERSION = "0.1.6"

# A client gives up later than the gateway does, so that the gateway's reason is what the sample gets.
CLIENT_MARGIN_S = 60.0

Stage = Literal["load", "infer", "score"]
Runner = Literal["in_process", "local"]


@dataclass(frozen=True)
class Part:
    """One of OpenCompass's data set configurations: what it calls a data set, and we a subset.

    Attributes:
        abbr: OpenCompass's own name of it.
        file: the name of its files in this job; `abbr` unless two data sets of the job would share it.
        subset: the user's name of it; empty where the data set is all of one piece.
        reads: its files below the data folder, where they are known.
    """

    abbr: str
    file: str
    subset: str = ""
    reads: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """An average over parts, computed as OpenCompass's own summaries do; `weights` is empty for a plain mean.

    The first of a data set is over all its parts.
    """

    name: str
    files: tuple[str, ...]
    weights: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Dataset:
    """One data set with every default filled in.

    Attributes:
        config: OpenCompass's file below configs/datasets, without `.py`; or an absolute path in the job.
        parts: which of the file's configurations; empty = all of them (the user's own file).
        data: the folder inside the job that stands for OpenCompass's `./data`; empty where there is none.
        limit: first N rows of every part.
        max_tokens: the longest answer; None = as the configuration says.
        generation: further parameters of a request.
        runs_code: whether scoring executes what the model wrote.
    """

    label: str
    config: str
    data: str
    parts: tuple[Part, ...] = ()
    groups: tuple[Group, ...] = ()
    limit: int | None = None
    max_tokens: int | None = None
    generation: Mapping[str, Any] = field(default_factory=dict)
    runs_code: bool = False


@dataclass(frozen=True)
class Model:
    """The model: weights at `path` inside the job, or an endpoint behind the gateway.

    Attributes:
        name: as OpenCompass names its folder.
        chat: whether prompts are chat turns; None = what the tokenizer has a template for (an endpoint: chat).
        turns: whether few-shot examples are turns of their own; else all is one message.
        max_seq_len: few-shot examples are left out of a longer prompt; None = what the checkpoint can take.
        batch_size: prompts in one batch of a checkpoint.
    """

    kind: Literal["endpoint", "checkpoint"]
    name: str
    path: str = ""
    dtype: str = "auto"
    chat: bool | None = None
    turns: bool = True
    max_seq_len: int | None = None
    batch_size: int = 8


@dataclass(frozen=True)
class Task:
    """All that the runner is told; `gpus_per_task` is for the runner `local`."""

    model: Model
    datasets: tuple[Dataset, ...]
    seed: int
    concurrency: int
    request_timeout_s: float
    runner: Runner = "in_process"
    gpus_per_task: int = 1
    max_out_len: int = 2048


def dumps(task: Task) -> str:
    """Return the text of task.json: sorted keys, so that the same task is the same bytes."""
    return json.dumps(dataclasses.asdict(task), sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def loads(text: str) -> Task:
    """Return what `dumps` wrote."""
    entry = json.loads(text)
    model = Model(**entry.pop("model"))
    return Task(model=model, datasets=tuple(map(_dataset, entry.pop("datasets"))), **entry)


def _dataset(entry: dict[str, Any]) -> Dataset:
    parts = tuple(Part(**{**part, "reads": tuple(part["reads"])}) for part in entry.pop("parts"))
    groups = tuple(Group(**{**group, "files": tuple(group["files"])}) for group in entry.pop("groups"))
    return Dataset(parts=parts, groups=groups, **entry)
