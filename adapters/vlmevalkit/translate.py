"""Resolve an evaluation into the runner's task.json, and into the data that it needs. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from adapters.vlmevalkit.catalog import Entry, Table, catalog, facts
from adapters.vlmevalkit.contract import (
    CLIENT_MARGIN_S,
    OWN_DATA,
    TASK_FILE,
    Dataset,
    Metric,
    Model,
    Reader,
    Task,
    dumps,
)
from adapters.vlmevalkit.names import file_name
from adapters.vlmevalkit.options import EndpointGeneration, EvaluationOptions, OpenQuestionsOptions
from adapters.vlmevalkit.schemes import OPEN_QUESTIONS
from hub.adapter import Asset, DatasetRequest, Evaluation
from hub.job import DATA

_SHARED = f"{DATA}/lmudata"
_PUBLISHED = f"{DATA}/vlmevalkit"
_HINT = "give your own copies: a folder of TSVs as `data` in the options of the evaluation, or `path` of the data set"


@dataclass(frozen=True)
class Wanted:
    """One data set as the task names it, and the name of its folders in the job."""

    request: DatasetRequest
    entry: Entry
    file: str
    reader: Reader

    @property
    def limit(self) -> int | None:
        """Return the limit; none where it would break the metric and is the task's, not the data set's own."""
        left_out = self.entry.limit == "whole" and self.request.limit_by_default
        return None if left_out else self.request.limit

    @property
    def owns_a_file(self) -> bool:
        """Return whether the user gives one TSV, not a folder of them."""
        return self.request.path is not None and self.request.path.suffix.lower() == ".tsv"


def all_wanted(evaluation: Evaluation) -> tuple[Wanted, ...]:
    """Return what the data sets of an evaluation mean; no two have the same folders."""
    taken: set[str] = set()
    return tuple(_wanted(request, evaluation, taken) for request in evaluation.datasets)


def _wanted(request: DatasetRequest, evaluation: Evaluation, taken: set[str]) -> Wanted:
    entry, name = _entry(request), file_name(request.label)
    file = next(name for name in _numbered(name) if name not in taken)
    taken.add(file)
    return Wanted(request, entry, file, _reader(entry, request, evaluation))


def _entry(request: DatasetRequest) -> Entry:
    entry = catalog()[request.name]
    scheme = OPEN_QUESTIONS.get(str(request.options.get("metric")), entry.scheme)
    return replace(entry, scheme=scheme) if entry.takes_metric else entry


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


def _reader(entry: Entry, request: DatasetRequest, evaluation: Evaluation) -> Reader:
    if entry.judge == "none":
        return ""
    options = (request.options, evaluation.options)
    matched = any(option.get("judge") == "exact_matching" for option in options)
    return "judge" if evaluation.judge and (entry.judge == "required" or not matched) else "exact_matching"


def translate(evaluation: Evaluation) -> Mapping[str, str]:
    """Return the files of /job/input."""
    return {TASK_FILE: dumps(task_of(evaluation))}


def task_of(evaluation: Evaluation) -> Task:
    """Return the whole evaluation with every default filled in."""
    return Task(
        model=_model(evaluation),
        datasets=tuple(_dataset(one, evaluation) for one in all_wanted(evaluation)),
        seed=evaluation.seed,
        concurrency=evaluation.concurrency,
        request_timeout_s=evaluation.deadline_s + CLIENT_MARGIN_S,
    )


def options_of(evaluation: Evaluation) -> EvaluationOptions:
    """Return the options of an evaluation that nobody complained about."""
    return EvaluationOptions.model_validate(dict(evaluation.options))


def _model(evaluation: Evaluation) -> Model:
    options = options_of(evaluation)
    if evaluation.model.via == "in_job":
        return Model("checkpoint", known_as=options.known_as or "", path=evaluation.model.path)
    return Model(
        "endpoint",
        image_size=options.image_size,
        image_detail=options.image_detail,
        system_prompt=options.system_prompt,
    )


def _dataset(one: Wanted, evaluation: Evaluation) -> Dataset:
    entry, limit = one.entry, one.limit
    return Dataset(
        label=one.request.label,
        file=one.file,
        name=entry.known_as,
        tables={f"{table}.tsv": _place(table, one, evaluation) for table in entry.tables},
        limit=limit,
        together=entry.together if limit else "",
        each=entry.each if limit else "",
        reader=one.reader,
        metric=_metric(one),
        generation=generation(one, evaluation),
    )


def _metric(one: Wanted) -> Metric:
    if not one.entry.takes_metric:
        return ""
    return OpenQuestionsOptions.model_validate(dict(one.request.options)).metric


def generation(one: Wanted, evaluation: Evaluation) -> dict[str, Any]:
    """Return the parameters of a request; a checkpoint has those of its class in VLMEvalKit."""
    if evaluation.model.via == "in_job":
        return {}
    given = EndpointGeneration.model_validate(dict(one.request.generation))
    found = given.model_dump(exclude_none=True, mode="json")
    if isinstance(found.get("stop"), str):
        found["stop"] = [found["stop"]]
    if given.temperature:
        found.setdefault("seed", evaluation.seed)
    return found


def _place(table: str, one: Wanted, evaluation: Evaluation) -> str:
    """Return where a TSV lies inside the job."""
    if one.owns_a_file:
        return f"{OWN_DATA}/{one.file}.tsv"
    if one.request.path is not None:
        return f"{OWN_DATA}/{one.file}/{table}.tsv"
    if evaluation.options.get("data"):
        return f"{_SHARED}/{table}.tsv"
    return f"{_PUBLISHED}/{table}/{facts().tables[table].file}"


def assets(evaluation: Evaluation) -> tuple[Asset, ...]:
    """Return the TSVs: the user's, those of the user's folder, else the published ones, each once."""
    every = all_wanted(evaluation)
    own = [_own(one) for one in every if one.request.path is not None]
    rest = list(dict.fromkeys(table for one in every if one.request.path is None for table in one.entry.tables))
    data = evaluation.options.get("data")
    if data and rest:
        patterns = tuple(f"{table}.tsv" for table in rest)
        own.append(Asset("dataset", "VLMEvalKit's data", _SHARED, "local", str(data), patterns=patterns, hint=_HINT))
        rest = []
    return (*own, *(_published(facts().tables[table]) for table in rest))


def _own(one: Wanted) -> Asset:
    path, label = one.request.path, one.request.label
    if one.owns_a_file:
        return Asset("dataset", label, f"{OWN_DATA}/{one.file}.tsv", "local", str(path))
    patterns = tuple(f"{table}.tsv" for table in one.entry.tables)
    return Asset("dataset", label, f"{OWN_DATA}/{one.file}", "local", str(path), patterns=patterns, hint=_HINT)


def _published(table: Table) -> Asset:
    place, files = f"{_PUBLISHED}/{table.name}", (PurePosixPath(table.url).name,)
    return Asset("dataset", table.name, place, "url", table.url, md5=table.md5, patterns=files, hint=_HINT)
