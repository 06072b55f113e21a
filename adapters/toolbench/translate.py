"""Resolve an evaluation into the runner's task.json, and into the data that it reads. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast

from adapters.toolbench.catalog import COPIES, STABLE, STABLE_CACHE, STABLE_TOOL_BENCH, STATIC, Copy
from adapters.toolbench.contract import (
    CLIENT_MARGIN_S,
    DATA_SUFFIXES,
    TASK_FILE,
    StableDataset,
    StaticDataset,
    Task,
    dumps,
)
from adapters.toolbench.options import (
    DatasetOptions,
    Generation,
    StableOptions,
    folders_of,
    stable_options,
)
from hub.adapter import Asset, DatasetRequest, Evaluation
from hub.job import DATA

# What all data sets of an agent share; no data set's label begins with a dot.
_SHARED = f"{DATA}/.toolbench"
_UPSTREAM, _PUBLISHED = f"{_SHARED}/upstream", f"{_SHARED}/published"
# As StableToolBench asks: with the server's own temperature, and without a seed.
_UPSTREAM_GENERATION = {"max_tokens": 1024, "frequency_penalty": 0, "presence_penalty": 0}
_AGENT_TOKENS = 1024


def translate(evaluation: Evaluation) -> Mapping[str, str]:
    """Return the files of /job/input."""
    return {TASK_FILE: dumps(task_of(evaluation))}


def task_of(evaluation: Evaluation) -> Task:
    """Return the whole evaluation with every default filled in."""
    static = (request for request in evaluation.datasets if request.name in STATIC)
    return Task(
        model=evaluation.model.name,
        static=tuple(dataset_of(request, evaluation.seed) for request in static),
        stable=tuple(stable_dataset(evaluation, request) for request in agents_of(evaluation)),
        concurrency=evaluation.concurrency,
        request_timeout_s=evaluation.deadline_s + CLIENT_MARGIN_S,
    )


def agents_of(evaluation: Evaluation) -> tuple[DatasetRequest, ...]:
    """Return the data sets that an agent works on."""
    return tuple(request for request in evaluation.datasets if request.name in STABLE)


def dataset_of(request: DatasetRequest, seed: int) -> StaticDataset:
    """Return one data set of single steps with every default filled in."""
    return StaticDataset(
        label=request.label,
        path=_target(request),
        stem=STATIC[request.name].stem,
        limit=request.limit,
        generation=generation_of(request, seed),
    )


def stable_dataset(evaluation: Evaluation, request: DatasetRequest) -> StableDataset:
    """Return one data set of an agent with every default filled in."""
    options, folders = stable_options(evaluation, request), folders_of(evaluation)
    return StableDataset(
        label=request.label,
        path=_target(request),
        stem=STABLE[request.name].stem,
        limit=request.limit,
        generation=agent_generation(request, options, evaluation.seed),
        cache=f"{_SHARED}/cache" if folders.cache else "",
        tools=f"{_SHARED}/tools" if folders.tools else "",
        published=_PUBLISHED if evaluation.options.get("published_cache") else "",
        upstream=_UPSTREAM if options.prompts == "upstream" else "",
        reference=_reference(folders.reference) if folders.reference else "",
        judge=options.judge == "task",
        seed=evaluation.seed,
        **options.model_dump(exclude={"judge", "prompts"}),
    )


def generation_of(request: DatasetRequest, seed: int) -> dict[str, Any]:
    """Return the parameters of a request: greedy, and at most as long as Eval-Scope's, unless the task says else."""
    given = Generation.model_validate(dict(request.generation)).model_dump(exclude_none=True)
    if given["temperature"]:
        given.setdefault("seed", seed)
    return given


def agent_generation(request: DatasetRequest, options: StableOptions, seed: int) -> dict[str, Any]:
    """Return the parameters of an agent's request: greedy, or as StableToolBench's, unless the task says else."""
    stated = Generation.model_validate(dict(request.generation)).model_dump(exclude_unset=True, exclude_none=True)
    if options.compat == "upstream":
        return {**_UPSTREAM_GENERATION, **stated}
    given = {"temperature": 0.0, "max_tokens": _AGENT_TOKENS, **stated}
    return {"seed": seed, **given} if given["temperature"] else given


def assets(evaluation: Evaluation) -> tuple[Asset, ...]:
    """Return the data of every data set, and what those of an agent share."""
    return tuple([_asset(evaluation, request) for request in evaluation.datasets] + list(_shared(evaluation)))


def _asset(evaluation: Evaluation, request: DatasetRequest) -> Asset:
    if request.path:
        return _local(request.label, _target(request), str(request.path))
    if request.name in STATIC:
        return _published(request)
    pattern = f"solvable_queries/test_instruction/{STABLE[request.name].stem}.json"
    folder = folders_of(evaluation).upstream
    if folder:
        return _local(request.label, _target(request), folder, pattern)
    return _archive(request.label, _target(request), STABLE_TOOL_BENCH, "tar", pattern)


def _shared(evaluation: Evaluation) -> Iterator[Asset]:
    agents, folders = agents_of(evaluation), folders_of(evaluation)
    if not agents:
        return
    if folders.cache:
        yield _local("recorded answers", f"{_SHARED}/cache", folders.cache)
    if folders.tools:
        yield _local("tool files", f"{_SHARED}/tools", folders.tools)
    if folders.reference:
        yield _local("reference answers", _reference(folders.reference), folders.reference)
    if evaluation.options.get("published_cache"):
        revision = evaluation.options["published_cache"]
        copy = Copy("url", STABLE_CACHE.format("main" if revision is True else revision))
        yield _archive("recorded answers and tool files", _PUBLISHED, copy, "zip", "")
    if any(stable_options(evaluation, request).prompts == "upstream" for request in agents):
        name = "prompts of StableToolBench"
        wanted = "toolbench/inference/Prompts/ReAct_prompts.py"
        archive = _archive(name, _UPSTREAM, STABLE_TOOL_BENCH, "tar", wanted)
        yield _local(name, _UPSTREAM, folders.upstream, wanted) if folders.upstream else archive


def _reference(path: str) -> str:
    """Return where the reference lies in the job; a file keeps its suffix, for its name tells that it is one."""
    return f"{_SHARED}/reference.json" if path.lower().endswith(".json") else f"{_SHARED}/reference"


def _local(name: str, target: str, path: str, *patterns: str) -> Asset:
    return Asset("dataset", name, target, "local", path, patterns=patterns)


def _archive(name: str, target: str, copy: Copy, unpack: Literal["tar", "zip"], pattern: str) -> Asset:
    return Asset(
        "dataset",
        name,
        target,
        "url",
        copy.location,
        patterns=(pattern,) if pattern else (),
        unpack=unpack,
        inside=copy.inside,
        hint="give your own copy: as path of the data set, or as upstream, cache or tools in the options",
    )


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
