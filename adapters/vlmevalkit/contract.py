"""What task.json and status.json hold; both halves import it. The runner obeys the one and writes the other.

Below the job's output:
    status.json             {"vlmevalkit": version, "task": digest, "datasets": {file: `Entry`}}, written anew at each
                            step; a data set that was never reached is absent
    failures.jsonl          one line a request without an answer: {"dataset": label, "sample": index ("" where
                            the judge was asked of no single row), "role", "error", "seen": the gateway said so
                            itself, "empty": the model answered with nothing}
    vlmevalkit/<file>/      one fresh work_dir a data set: all that VLMEvalKit itself writes, its status.json among it
    images/<file>/<n>.jpg   thumbnails of a sample's pictures
    images/<file>/samples.jsonl   what each sample's model was given, a line each: {"sample": index, "prompt":
                            [{"role", "content": text, or parts: {"type": "image", "path": "images/<file>/<n>.jpg"}
                            and {"type": "text", "text"}, in the model's order}]}
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

TASK_FILE = "task.json"
STATUS_FILE = "status.json"
FAILURES_FILE = "failures.jsonl"
WORK = "vlmevalkit"  # the folder with what VLMEvalKit itself writes
IMAGES = "images"
OWN_DATA = "/data/own"  # where the user's own tables lie inside the job
VLMEVALKIT_VERSION = "0.0.20"

# A client gives up later than the gateway does, so that the gateway's reason is what the sample gets.
CLIENT_MARGIN_S = 60.0

# VLMEvalKit puts these labels into the names of its files: they are plain on purpose, the gateway knows the real ids.
MODEL_LABEL = "model"
JUDGE_LABEL = "judge"

Stage = Literal["load", "infer", "score"]
# Who reads an answer: the task's judge, VLMEvalKit's own matching of texts, or nobody (the metric needs neither).
Reader = Literal["judge", "exact_matching", ""]
Metric = Literal["", "vqa_score", "relaxed_accuracy", "accuracy", "anls"]


@dataclass(frozen=True)
class Dataset:
    """One data set with every default filled in.

    Attributes:
        label: the user's name of it, in events and in the gateway's paths.
        file: the name of its folders in this job.
        name: VLMEvalKit's own name of it.
        tables: name of a TSV as VLMEvalKit looks for it (`MMStar.tsv`) -> where it lies inside the job, read-only.
        limit: rows that are asked, from the first on; None = all of them.
        together: the column whose equal values are never cut apart: whole groups, in the order of their first rows,
            until `limit` rows are reached. `g_index` is made of the index where the data have no such column:
            index modulo 1000000, the rotations of one question. Empty where every row stands alone.
        each: the column each of whose values is cut by itself; empty for none.
        reader: who reads the answers.
        metric: VLMEvalKit's comparison of texts by which an own table of open questions is scored; its best match
            counts, but of `vqa_score`. Empty for every other data set.
        generation: parameters of a request: temperature, max_tokens, top_p, ...
        judge_options: what VLMEvalKit's own judge settings get beyond label and address.
    """

    label: str
    file: str
    name: str
    tables: Mapping[str, str]
    limit: int | None = None
    together: str = ""
    each: str = ""
    reader: Reader = ""
    metric: Metric = ""
    generation: Mapping[str, Any] = field(default_factory=dict)
    judge_options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Model:
    """The model: an endpoint behind the gateway, or one of VLMEvalKit's own classes with weights at `path`.

    Attributes:
        known_as: the name in VLMEvalKit's `supported_VLM`; empty for an endpoint.
        image_size: longest edge in pixels to which a picture is scaled down; None = as it is.
        image_detail: `low` or `high`, as OpenAI's protocol has it.
        system_prompt: empty for none.
    """

    kind: Literal["endpoint", "checkpoint"]
    known_as: str = ""
    path: str = ""
    image_size: int | None = None
    image_detail: Literal["low", "high"] = "high"
    system_prompt: str = ""


@dataclass(frozen=True)
class Task:
    """All that the runner is told."""

    model: Model
    datasets: tuple[Dataset, ...]
    seed: int
    concurrency: int
    request_timeout_s: float


@dataclass(frozen=True)
class Entry:
    """What status.json says of one data set, under its `file`.

    Attributes:
        stage, state: how far it came; `running` in a dead process's status is where it died.
        planned: rows that are asked (after the limit); 0 where the data were never loaded.
        rows: rows of the whole data set.
        kind: VLMEvalKit's TYPE (MCQ, Y/N, VQA, ...) and `class_name` its class.
        predictions: VLMEvalKit's prediction file, relative to the output.
        files: every file that VLMEvalKit wrote as its evaluation, relative to the output.
        skipped: VLMEvalKit's own skip_reason; empty where there is none.
        infer_failed, judge_failed: requests that failed, as the runner saw them.
        empty: answers that held nothing; VLMEvalKit scores them as wrong.
        judged: answers that were read by the judge, `matched` by matching texts, `guessed` by chance (VLMEvalKit
            draws an option where its judge gave none); None where that cannot be told.
        data: SHA-256 of the rows that were asked; `prompt` of their prompts, pictures aside.
    """

    dataset: str
    stage: Stage
    state: Literal["running", "ok", "failed"]
    planned: int = 0
    rows: int = 0
    error: str = ""
    skipped: str = ""
    kind: str = ""
    class_name: str = ""
    reader: Reader = ""
    predictions: str = ""
    files: tuple[str, ...] = ()
    infer_failed: int = 0
    judge_failed: int = 0
    empty: int = 0
    judged: int | None = None
    matched: int | None = None
    guessed: int | None = None
    data: str = ""
    prompt: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)


def dumps(task: Task) -> str:
    """Return the text of task.json: sorted keys, so that the same task is the same bytes."""
    return json.dumps(dataclasses.asdict(task), sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def loads(text: str) -> Task:
    """Return what `dumps` wrote."""
    entry = json.loads(text)
    model = Model(**entry.pop("model"))
    datasets = tuple(Dataset(**dataset) for dataset in entry.pop("datasets"))
    return Task(model=model, datasets=datasets, **entry)
