"""load_task: a YAML file, a dict or a TaskSpec in; a validated task out, or every problem at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hub.errors import Problem, TaskError
from hub.registry import adapter_names, load_adapter
from hub.source import KeyPath, Source, expand, parse_source, read_source
from hub.spec import (
    BudgetSpec,
    DatasetSpec,
    EvaluationSpec,
    GatewaySpec,
    GenerationSpec,
    InterceptorSpec,
    JudgeSpec,
    ModelSpec,
    PricesSpec,
    ResourcesSpec,
    RetrySpec,
    ServeSpec,
    TaskSpec,
)
from hub.taskpaths import path_problems
from hub.text import did_you_mean, show_memory

_RENAMED = {
    "api_key": "keys are given by the name of a variable: api_key_env",
    "max_new_tokens": "this is generation.max_tokens",
    "base_url": "this is endpoint",
    "url": "this is endpoint",
    "local_path": "this is path",
    "few_shot_num": "this is few_shot",
    "subset_list": "this is subsets",
}


_WORDS = {
    "string_type": "must be text; a number or a truth value needs quotes",
    "missing": "this key is required",
    "model_type": "must be a mapping",
    "dict_type": "must be a mapping",
    "tuple_type": "must be a list",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}
_BOUNDS = {
    "greater_than": "more than",
    "greater_than_equal": "at least",
    "less_than": "less than",
    "less_than_equal": "at most",
}


@dataclass(frozen=True)
class LoadedTask:
    """A valid task, the text it came from, and the folder that its relative paths start from."""

    spec: TaskSpec
    source: Source
    folder: Path


def load_task(task: str | Path | Mapping[str, Any] | TaskSpec) -> LoadedTask:
    """Read and validate a task: a path, a mapping in the task schema, or a TaskSpec.

    Raises:
        TaskError: every problem found, each with file, line and key.
    """
    if isinstance(task, str | Path):
        path = Path(task)
        return validate(read_source(path), path.absolute().parent)
    plain = task.model_dump(mode="json", exclude_unset=True) if isinstance(task, TaskSpec) else dict(task)
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)
    return validate(parse_source(text, "<task>"), Path.cwd())


def validate(source: Source, folder: Path) -> LoadedTask:
    """Turn a parsed file into a task.

    Raises:
        TaskError: every problem found.
    """
    data, problems = expand(source)
    if not isinstance(data, dict):
        raise TaskError([source.problem((), "a task is a mapping: version, models, evaluations, ...")])
    spec = None
    try:
        spec = TaskSpec.model_validate(data)
    except ValidationError as error:
        told = {problem.key for problem in problems}  # a variable that is not set makes an empty text, too
        found = [_schema_problem(detail, source) for detail in error.errors(include_url=False) if _is_own(detail)]
        problems += [problem for problem in found if problem.key not in told]
    if spec is not None and not problems:
        problems += path_problems(spec, source, folder)
    problems += _name_problems(data, source)
    if problems or spec is None:
        raise TaskError(problems, hint="`evaldock schema task` prints every key")
    return LoadedTask(spec, source, folder)


def _is_own(detail: ErrorDetails) -> bool:
    """Return whether this is no mere consequence: a list whose items are all wrong counts as too short, too."""
    return detail["type"] != "too_short" or not detail["input"]


def _schema_problem(detail: ErrorDetails, source: Source) -> Problem:
    path = _real_path(detail["loc"], source.data)
    return source.problem(path, _message(detail, path))


def _real_path(location: KeyPath, data: Any) -> KeyPath:
    """Drop the parts of pydantic's location that name a branch of a union rather than a key of the file."""
    path: list[str | int] = []
    for index, part in enumerate(location):
        if isinstance(data, dict) and part in data:  # noqa: SIM114 - one condition for both would not type-check
            data = data[part]
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        elif index < len(location) - 1 or not isinstance(data, dict):
            continue
        path.append(part)
    return tuple(path)


def _message(detail: ErrorDetails, path: KeyPath) -> str:
    key = str(path[-1]) if path else ""
    match detail["type"]:
        case "extra_forbidden":
            hint = f"; {_RENAMED[key]}" if key in _RENAMED else did_you_mean(key, _keys_at(path[:-1]))
            return f"unknown key{hint}"
        case kind if kind in _WORDS:
            return _WORDS[kind]
        case "value_error":
            return str(detail["ctx"]["error"])
        case "literal_error":
            given, wanted = detail["input"], detail["ctx"]["expected"]
            known = re.findall("'([^']*)'", wanted)
            return f"must be {wanted}, not {given!r}{did_you_mean(str(given), known)}"
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal" as bound:
            return f"must be {_BOUNDS[bound]} {_show_bound(key, detail)}"
        case _:
            words = detail["msg"][:1].lower() + detail["msg"][1:]
            return words.replace("valid tuple", "list").replace("tuple", "list").replace("dictionary", "mapping")


def _show_bound(key: str, detail: ErrorDetails) -> str:
    bound = next(iter(detail["ctx"].values()))
    return show_memory(bound) if key in {"memory", "shm_size"} else str(bound)


def _keys_at(path: KeyPath) -> tuple[str, ...]:
    """Return the keys that the schema allows at `path` (that of the mapping)."""
    names = [part for part in path if isinstance(part, str)]
    part: type[BaseModel] = TaskSpec
    after: dict[str, type[BaseModel]] = {
        "models": ModelSpec,
        "judge": JudgeSpec,
        "simulator": JudgeSpec,
        "evaluations": EvaluationSpec,
        "datasets": DatasetSpec,
        "generation": GenerationSpec,
        "resources": ResourcesSpec,
        "serve": ServeSpec,
        "retry": RetrySpec,
        "prices": PricesSpec,
        "gateway": GatewaySpec,
        "budget": BudgetSpec,
        "interceptors": InterceptorSpec,
    }
    for name in names:
        part = after.get(name, part)
    return tuple(part.model_fields)


def _name_problems(data: Mapping[str, Any], source: Source) -> list[Problem]:
    """Check names of backends, data sets and models in data that may still have the wrong shape."""
    evaluations, models = data.get("evaluations"), data.get("models")
    known_models = tuple(models) if isinstance(models, dict) else ()
    problems: list[Problem] = []
    for index, evaluation in enumerate(evaluations if isinstance(evaluations, list) else []):
        if isinstance(evaluation, dict):
            path: KeyPath = ("evaluations", index)
            problems += [source.problem((*path, *where), text) for where, text in _names(evaluation, known_models)]
    return problems


def _names(evaluation: Mapping[str, Any], known_models: tuple[str, ...]) -> Iterator[tuple[KeyPath, str]]:
    named = evaluation.get("models")
    models = named if isinstance(named, list) else []
    for index, model in enumerate(models):
        if isinstance(model, str | int) and str(model) not in known_models:
            yield ("models", index), f"no model {str(model)!r}{did_you_mean(str(model), known_models)}"
        elif model in models[:index]:
            yield ("models", index), f"{model!r} stands here twice"
    backend = evaluation.get("backend")
    if not isinstance(backend, str):
        return
    if backend not in adapter_names():
        yield ("backend",), f"no backend {backend!r}{did_you_mean(backend, adapter_names())}"
        return
    yield from _dataset_names(evaluation.get("datasets"), backend)


def _dataset_names(datasets: object, backend: str) -> Iterator[tuple[KeyPath, str]]:
    known = load_adapter(backend).datasets()
    labels: dict[str, int] = {}
    for index, entry in enumerate(datasets if isinstance(datasets, list) else []):
        fields = entry if isinstance(entry, dict) else {"name": entry}
        if not isinstance(entry, dict | str) or not isinstance(fields.get("name"), str | int | float):
            continue  # the schema complains
        name = str(fields["name"])
        if name not in known:
            yield ("datasets", index), f"{backend} has no data set {name!r}{did_you_mean(name, known)}"
        label = str(fields.get("alias") or name)
        if label in labels:
            yield ("datasets", index), f"{label!r} stands here twice; give one of them an alias"
        labels[label] = index
