"""Resolve an evaluation into the runner's task.json, and into the data that it reads. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from adapters.toolbench.catalog import COPIES, STATIC
from adapters.toolbench.contract import CLIENT_MARGIN_S, DATA_SUFFIXES, TASK_FILE, StaticDataset, Task, dumps
from adapters.toolbench.options import DatasetOptions, Generation
from hub.adapter import Asset, DatasetRequest, Evaluation
from hub.job import DATA


def translate(evaluation: Evaluation) -> Mapping[str, str]:
    """Return the files of /job/input."""
    return {TASK_FILE: dumps(task_of(evaluation))}


def task_of(evaluation: Evaluation) -> Task:
    """Return the whole evaluation with every default filled in."""
    return Task(
        model=evaluation.model.name,
        static=tuple(dataset_of(request, evaluation.seed) for request in evaluation.datasets),
        concurrency=evaluation.concurrency,
        request_timeout_s=evaluation.deadline_s + CLIENT_MARGIN_S,
    )


def dataset_of(request: DatasetRequest, seed: int) -> StaticDataset:
    """Return one data set with every default filled in."""
    return StaticDataset(
        label=request.label,
        path=_target(request),
        stem=STATIC[request.name].stem,
        limit=request.limit,
        generation=generation_of(request, seed),
    )


def generation_of(request: DatasetRequest, seed: int) -> dict[str, Any]:
    """Return the parameters of a request: greedy, and at most as long as Eval-Scope's, unless the task says else."""
    given = Generation.model_validate(dict(request.generation)).model_dump(exclude_none=True)
    if given["temperature"]:
        given.setdefault("seed", seed)
    return given


def assets(evaluation: Evaluation) -> tuple[Asset, ...]:
    """Return the data of every data set."""
    return tuple(_own(request) if request.path else _published(request) for request in evaluation.datasets)


def _own(request: DatasetRequest) -> Asset:
    return Asset("dataset", request.label, _target(request), "local", str(request.path))


def _published(request: DatasetRequest) -> Asset:
    copy = COPIES[DatasetOptions.model_validate(dict(request.options)).source]
    stem = STATIC[request.name].stem
    return Asset(
        "dataset",
        request.label,
        _target(request),
        cast("Literal['modelscope', 'huggingface', 'url']", copy.hub),
        copy.location,
        copy.revision,
        patterns=(f"{stem}.json" if copy.hub == "url" else f"*{stem}.json*",),
        unpack="zip" if copy.hub == "url" else "",
        inside=copy.inside,
        hint="give your own copy as path, or another `source` in the options of the data set",
    )


def _target(request: DatasetRequest) -> str:
    """Return where the data lie in the job: a file, as its name tells (not the disk), or a folder."""
    folder = f"{DATA}/{request.label}"
    is_file = request.path is not None and request.path.suffix.lower() in DATA_SUFFIXES
    return f"{folder}/{request.path.name}" if request.path is not None and is_file else folder
