"""Change a parsed task by flags (`--set`, `--limit`) before it is validated; each problem then names the flag."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import yaml

from hub.errors import Problem, TaskError
from hub.source import KeyPath, Source, parse_source
from hub.text import did_you_mean

_INDEX = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True)
class Changes:
    """What flags change in a task: `settings` are `path=value`, `limit` is the most rows of any subset."""

    settings: tuple[str, ...] = ()
    limit: int | None = None


def changed(source: Source, changes: Changes) -> Source:
    """Return `source` with the changes in its data; its text is then what evaldock writes of them.

    Raises:
        TaskError: a `--set` that is no `path=value`, whose value is not YAML, or whose path leads nowhere.
    """
    if not changes.settings and changes.limit is None:
        return source
    data, places = deepcopy(source.data), dict(source.places)
    problems: list[Problem] = []
    for setting in changes.settings:
        paths = _paths_set(data, setting, problems)
        places |= dict.fromkeys(paths, f"--set {setting}")
    if problems:
        raise TaskError(problems)
    if changes.limit is not None and isinstance(data, dict):
        flag = f"--limit {changes.limit}"
        places |= dict.fromkeys(_lower_limits(data, changes.limit), flag)
    flags = [f"--set {setting}" for setting in changes.settings]
    flags += [] if changes.limit is None else [f"--limit {changes.limit}"]
    return replace(source, data=data, text=_text(data, source.file, flags), places=places)


def _paths_set(data: Any, setting: str, problems: list[Problem]) -> list[KeyPath]:
    try:
        return _set(data, setting)
    except _NowhereError as error:
        problems.append(Problem(f"--set {setting}", 0, "", str(error)))
        return []


class _NowhereError(Exception):
    """The path or the value of a setting is not one."""


def _text(data: Any, file: str, flags: Iterable[str]) -> str:
    head = "".join(f"# {line}\n" for flag in flags for line in f"with {flag}".splitlines())
    return f"# {file}\n{head}" + yaml.safe_dump(data, sort_keys=False, allow_unicode=True)


def _set(data: Any, setting: str) -> list[KeyPath]:
    """Set one `path=value` in `data`; return the path, and those above it that were not there."""
    words, equals, text = setting.partition("=")
    if not equals or not words.strip():
        raise _NowhereError("write path=value, such as models.m.dtype=float16")
    value = _value(text, setting)
    node: Any = data
    path: KeyPath = ()
    new: list[KeyPath] = []
    parts = _INDEX.sub(r".\1", words.strip()).split(".")
    while True:
        key, parts = _step(node, parts, path)
        path = (*path, key)
        if not parts:
            node[key] = value
            return [*new, path]
        if isinstance(node, dict) and node.get(key) is None:
            new.append(path)
        node = _child(node, key)


def _value(text: str, setting: str) -> Any:
    if not text.strip():
        return None
    try:
        return parse_source(text, f"--set {setting}").data
    except TaskError as error:
        raise _NowhereError(error.problems[0].message) from error


def _step(node: Any, parts: list[str], path: KeyPath) -> tuple[str | int, list[str]]:
    """Return the next key and what is left; names may hold dots, so the longest name that is there wins."""
    shown = ".".join(map(str, path))
    if isinstance(node, list):
        if not parts[0].isdigit() or int(parts[0]) >= len(node):
            known = f"0 to {len(node) - 1}" if node else "none: the list is empty"
            raise _NowhereError(f"{shown} is a list; give a position ({known}), not {parts[0]!r}")
        return int(parts[0]), parts[1:]
    if not isinstance(node, dict):
        raise _NowhereError(f"{shown or 'the task'} is no mapping, so there is no {parts[0]!r} in it")
    for length in range(len(parts), 0, -1):
        if (name := ".".join(parts[:length])) in node:
            return name, parts[length:]
    if path == ("models",) and len(parts) > 1:
        raise _NowhereError(f"no model {parts[0]!r}{did_you_mean(parts[0], node)}")
    return parts[0], parts[1:]


def _child(node: Any, key: Any) -> Any:
    """Return what is at `key`, made a mapping where there is nothing, or a data set's bare name."""
    child = node[key] if isinstance(node, list) else node.get(key)
    if child is None:
        child = {}
    elif isinstance(child, str) and isinstance(key, int):
        child = {"name": child}
    node[key] = child
    return child


def _lower_limits(data: dict[str, Any], limit: int) -> Iterator[KeyPath]:
    """Set the task's limit, and lower those below it that are higher; yield where."""
    data["limit"] = limit
    yield ("limit",)
    evaluations = data.get("evaluations")
    for index, evaluation in enumerate(evaluations if isinstance(evaluations, list) else []):
        yield from _lower(evaluation, limit, ("evaluations", index))
        datasets = evaluation.get("datasets") if isinstance(evaluation, dict) else None
        for position, dataset in enumerate(datasets if isinstance(datasets, list) else []):
            yield from _lower(dataset, limit, ("evaluations", index, "datasets", position))


def _lower(part: Any, limit: int, path: KeyPath) -> Iterator[KeyPath]:
    if not isinstance(part, dict) or part.get("limit") is None:
        return
    stated = part["limit"]
    if not isinstance(stated, int) or stated > limit:
        part["limit"] = limit
        yield (*path, "limit")
