"""What task.json holds: written by the host half, read by the runner; both halves import it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Literal

from adapters.native.catalog import Way, WayName

TASK_FILE = "task.json"
SUMMARY_FILE = "summary.json"
SAMPLES_FOLDER = "samples"
EVALUATOR_VERSION = "2"
# Of the summary's facts about the model: beside the weights, these say who answered.
IDENTIFYING = ("adapter", "quantization", "code")
DATA_SUFFIXES = (".parquet", ".jsonl", ".json", ".csv", ".tsv")

# A client gives up later than the gateway does, so that the gateway's reason is what the sample gets.
CLIENT_MARGIN_S = 60.0


@dataclass(frozen=True)
class NativeLoading:
    """How weights get into memory; empty: as transformers does by itself.

    Attributes:
        adapter: folder of a LoRA adapter inside the job.
        quantization: a quantization_config of transformers.
        code, model_class: folder inside the job and `module:Class` in it; it answers in place of transformers.
    """

    adapter: str = ""
    attention: str = ""
    device_map: str = ""
    quantization: Mapping[str, Any] = field(default_factory=dict)
    trust_remote_code: bool = False
    code: str = ""
    model_class: str = ""


@dataclass(frozen=True)
class NativeModel:
    """The model: weights at `path` inside the job, or an endpoint behind the gateway.

    `chat`: whether prompts are chat turns; None = what the tokenizer has a template for (an endpoint: chat).
    """

    kind: Literal["transformers", "endpoint"]
    name: str
    path: str
    dtype: str
    chat: bool | None
    loading: NativeLoading = NativeLoading()


@dataclass(frozen=True)
class NativeDataset:
    """One data set with every default filled in.

    Attributes:
        path: file or folder inside the job.
        subsets: None = every subset that the user's folder holds.
        split_asked: whether the user named the split, so that data without it are an error.
        limit: first N rows of every subset.
        generation: the parameters of the request; `stop` of a raw prompt is the way's own unless given here.
        system: a system prompt, set before everything else.
        columns: role -> names looked for, in order.
        repeats: how often each question is asked.
        pass_at: the k of pass@k, for questions that are asked several times.
        program_timeout_s: how long a program that a model wrote may run.
    """

    label: str
    benchmark: str
    path: str
    subsets: tuple[str, ...] | None
    split: str
    few_shot: int
    few_shot_split: str
    limit: int | None
    scoring: WayName
    way: Way
    generation: Mapping[str, Any]
    system: str
    columns: Mapping[str, tuple[str, ...]]
    split_asked: bool = False
    repeats: int = 1
    pass_at: tuple[int, ...] = ()
    program_timeout_s: float = 10.0

    @property
    def drawing(self) -> dict[str, Any]:
        """Return how answers are drawn, for a result's key: the parameters, and how many of each question."""
        return {**self.generation, **({"repeats": self.repeats} if self.repeats > 1 else {})}


@dataclass(frozen=True)
class NativeTask:
    """All that the runner is told; `batch_tokens` None = chosen for the device.

    `workers`: how many processes load the model; `auto`: as many as the GPUs have room for.
    """

    model: NativeModel
    datasets: tuple[NativeDataset, ...]
    seed: int
    concurrency: int
    request_timeout_s: float
    batch_tokens: int | None = None
    workers: int | Literal["auto"] = "auto"


def dumps(task: NativeTask) -> str:
    """Return the text of task.json: sorted keys, so that the same task is the same bytes."""
    return json.dumps(dataclasses.asdict(task), sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def loads(text: str) -> NativeTask:
    """Return what `dumps` wrote."""
    entry = json.loads(text)
    told = entry.pop("model")
    model = NativeModel(**told | {"loading": NativeLoading(**told.get("loading", {}))})
    return NativeTask(model=model, datasets=tuple(map(_dataset, entry.pop("datasets"))), **entry)


def _dataset(entry: dict[str, Any]) -> NativeDataset:
    way = entry.pop("way") | {}
    for key in ("metrics", "stop"):
        way[key] = tuple(way[key])
    subsets, pass_at = entry.pop("subsets"), tuple(entry.pop("pass_at"))
    columns = {role: tuple(names) for role, names in entry.pop("columns").items()}
    return NativeDataset(
        way=Way(**way),
        subsets=None if subsets is None else tuple(subsets),
        columns=columns,
        pass_at=pass_at,
        **entry,
    )


def few_shot_names(file: PurePath, split: str) -> tuple[str, ...]:
    """Return the names under which the few-shot rows of a single data file lie beside it, likeliest first."""
    return (f"{file.stem}_{split}{file.suffix}", f"{split}{file.suffix}")
