"""Resolve an evaluation into Native's task.json (pure) and into the data it needs.

`assets` looks at the disk for one thing: which of the two places of a lone file's few-shot examples is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from adapters.native.catalog import Benchmark, Way, WayName, benchmarks
from adapters.native.contract import (
    CLIENT_MARGIN_S,
    DATA_SUFFIXES,
    TASK_FILE,
    NativeDataset,
    NativeModel,
    NativeTask,
    dumps,
    few_shot_names,
)
from adapters.native.loading import is_custom, loading, loading_assets
from adapters.native.options import HUBS, DatasetOptions, EvaluationOptions
from hub.adapter import Asset, DatasetRequest, Evaluation
from hub.job import DATA, Via


def translate(evaluation: Evaluation) -> Mapping[str, str]:
    """Return the files of /job/input."""
    return {TASK_FILE: dumps(native_task(evaluation))}


def native_task(evaluation: Evaluation) -> NativeTask:
    """Return the whole evaluation with every default filled in."""
    options = EvaluationOptions.model_validate(dict(evaluation.options))
    return NativeTask(
        model=_model(evaluation),
        datasets=tuple(native_dataset(request, evaluation) for request in evaluation.datasets),
        seed=evaluation.seed,
        concurrency=evaluation.concurrency,
        request_timeout_s=evaluation.deadline_s + CLIENT_MARGIN_S,
        batch_tokens=options.batch_tokens,
        workers=options.workers,
    )


def native_dataset(request: DatasetRequest, evaluation: Evaluation) -> NativeDataset:
    """Return one data set with every default filled in."""
    benchmark = benchmarks()[request.name]
    options = DatasetOptions.model_validate(dict(request.options))
    # A class of the user's own answers in text, as an endpoint does.
    custom = is_custom(EvaluationOptions.model_validate(dict(evaluation.options)))
    scoring = way_name(request, benchmark, "endpoint" if custom else evaluation.model.via)
    judged = benchmark.judged if is_judged(request, judge=evaluation.judge) else None
    chosen = judged or benchmark.ways[scoring]
    return NativeDataset(
        label=request.label,
        benchmark=request.name,
        path=_target(request),
        subsets=request.subsets or benchmark.default_subsets or benchmark.subsets or None,
        split=options.split or benchmark.split,
        split_asked=options.split is not None,
        few_shot=benchmark.few_shot if request.few_shot is None else request.few_shot,
        few_shot_split=options.few_shot_split or benchmark.few_shot_split,
        limit=request.limit,
        scoring=scoring,
        way=_way(chosen, options),
        generation=_generation(request, benchmark, evaluation.seed) if scoring == "generate" else {},
        system=options.system,
        columns={**benchmark.columns, **{role: (name,) for role, name in options.columns.items()}},
        repeats=options.repeats,
        pass_at=_pass_at(options),
        program_timeout_s=options.program_timeout,
    )


def is_judged(request: DatasetRequest, *, judge: bool) -> bool:
    """Return whether the task's judge grades the answers; asked before the options are known to be well formed."""
    benchmark = benchmarks().get(request.name)
    if not judge or benchmark is None or benchmark.judged is None:
        return False
    return bool(request.options.get("judge", benchmark.prefers_judge))


def _pass_at(options: DatasetOptions) -> tuple[int, ...]:
    """Return the k of pass@k: those that are asked for, else those of the paper that defines it, and all answers.

    pass@1 is the mean itself: Chen et al. 2021, arXiv:2107.03374.
    """
    if options.pass_at is not None:
        return tuple(sorted(set(options.pass_at)))
    return tuple(sorted({k for k in (10, 100, options.repeats) if 1 < k <= options.repeats}))


def way_name(request: DatasetRequest, benchmark: Benchmark, via: Via) -> WayName:
    """Return how the data set is scored: as asked, else the benchmark's way, else (an endpoint) by generation."""
    for way in benchmark.ways:
        if way == request.scoring:
            return way
    return "generate" if via == "endpoint" and "generate" in benchmark.ways else benchmark.default_way


def assets(evaluation: Evaluation) -> tuple[Asset, ...]:
    """Return the data of every data set, and what loading needs; a lone file brings its few-shot examples along."""
    data = tuple(asset for request in evaluation.datasets for asset in _assets(request, evaluation))
    return (*loading_assets(evaluation), *data)


def _assets(request: DatasetRequest, evaluation: Evaluation) -> list[Asset]:
    if request.path is None:
        return [_published(request)]
    dataset = native_dataset(request, evaluation)
    found = [_local(request, request.path, dataset.path)]
    if _is_file(request.path) and dataset.few_shot:
        beside = [request.path.with_name(n) for n in few_shot_names(request.path, dataset.few_shot_split)]
        shots = [file for file in beside if file != request.path and file.is_file()]
        found += [_local(request, file, f"{DATA}/{request.label}/{file.name}") for file in shots[:1]]
    return found


def _published(request: DatasetRequest) -> Asset:
    benchmark = benchmarks()[request.name]
    options = DatasetOptions.model_validate(dict(request.options))
    # A benchmark that only one hub has comes from there, unless the task names the other: that is refused.
    hub = next(name for name in (options.hub, *HUBS) if name in benchmark.sources)
    source = benchmark.sources[hub]
    return Asset(
        kind="dataset",
        name=request.label,
        target=_target(request),
        hub=hub,
        location=source.id,
        revision=options.revision or source.revision,
        patterns=benchmark.files,
    )


def _local(request: DatasetRequest, path: Path, target: str) -> Asset:
    return Asset(kind="dataset", name=request.label, target=target, hub="local", location=str(path.absolute()))


def _target(request: DatasetRequest) -> str:
    folder = f"{DATA}/{request.label}"
    return f"{folder}/{request.path.name}" if request.path and _is_file(request.path) else folder


def _is_file(path: Path) -> bool:
    # By its name, not by looking: translate must not depend on the machine it runs on.
    return path.suffix.lower() in DATA_SUFFIXES


def _model(evaluation: Evaluation) -> NativeModel:
    model = evaluation.model
    return NativeModel(
        kind="endpoint" if model.via == "endpoint" else "transformers",
        name=model.name,
        path=model.path,
        dtype=model.dtype,
        chat=model.chat,
        loading=loading(evaluation),
    )


def _way(way: Way, options: DatasetOptions) -> Way:
    if options.prompt is None:
        return way
    return replace(way, question=options.prompt, user=options.prompt if way.user else "")


def _generation(request: DatasetRequest, benchmark: Benchmark, seed: int) -> dict[str, Any]:
    merged = {"temperature": 0.0, **benchmark.generation, **request.generation}
    given = {key: value for key, value in merged.items() if value is not None}
    if isinstance(given.get("stop"), str):
        given["stop"] = [given["stop"]]
    if given["temperature"]:
        given.setdefault("seed", seed)
    return given
