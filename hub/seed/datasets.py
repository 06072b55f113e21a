"""`datasets`, `dataset_args`, `dataset_hub` and `dataset_dir` -> the data sets of the task's one evaluation."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

from hub.seed.draft import Draft
from hub.seed.names import BENCHMARKS
from hub.seed.values import truth
from hub.source import KeyPath
from hub.text import did_you_mean

DATASET_KEYS = ("datasets", "dataset_args", "dataset_hub", "dataset_dir")
_AT: KeyPath = ("evaluations", 0, "datasets")
_ARGS = ("few_shot_num", "few_shot_random", "local_path", "subset_list", "prompt_template")


def translate_datasets(cfg: Mapping[str, Any], draft: Draft) -> None:
    """Write the data sets with their arguments, and where they come from."""
    names = _names(cfg, draft)
    arguments = _arguments(cfg, names, draft)
    for index, name in enumerate(names):
        draft.add(("datasets", index), _AT, {"name": name})
        for argument, value in arguments.get(name, {}).items():
            if value is not None:
                _argument(str(argument), value, draft, ("dataset_args", name, str(argument)), (*_AT, index))
    _origin(cfg, names, arguments, draft)


def _names(cfg: Mapping[str, Any], draft: Draft) -> list[str]:
    given = cfg.get("datasets")
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) for name in names):
        draft.refuse(("datasets",), "name one data set or more; `evaldock list datasets` shows them")
        return []
    return list(dict.fromkeys(names))  # twice the same is once: the seed wrote over the first


def _arguments(cfg: Mapping[str, Any], names: list[str], draft: Draft) -> dict[str, Mapping[str, Any]]:
    given = {} if cfg.get("dataset_args") is None else cfg["dataset_args"]
    if not isinstance(given, Mapping):
        draft.refuse(("dataset_args",), "must be a mapping: {data set: {few_shot_num: ..., ...}}")
        return {}
    found: dict[str, Mapping[str, Any]] = {}
    for name, arguments in given.items():
        key: KeyPath = ("dataset_args", str(name))
        if not isinstance(arguments, Mapping):
            draft.refuse(key, "must be a mapping: few_shot_num, local_path, ...")
        elif name in names:
            found[str(name)] = arguments
        elif name in BENCHMARKS:
            draft.ignore(key, "it is not among the data sets")
        else:
            draft.refuse(key, f"it is not among the data sets{did_you_mean(str(name), names)}")
    return found


def _argument(name: str, value: Any, draft: Draft, key: KeyPath, at: KeyPath) -> None:
    if name == "few_shot_num":
        draft.put(key, (*at, "few_shot"), value)
    elif name == "local_path":
        draft.put(key, (*at, "path"), str(value))
    elif name == "subset_list":
        draft.put(key, (*at, "subsets"), [value] if isinstance(value, str) else value)
    elif name == "prompt_template":
        _prefix(str(value), draft, key, at)
    elif name == "few_shot_random" and truth(value):
        draft.same(key, "examples are drawn, with the task's seed: two runs show the same")
    elif name == "few_shot_random":
        draft.ignore(key, "examples are drawn with the task's seed, not taken from the top")
    else:
        draft.refuse(key, f"no such argument of a data set{did_you_mean(name, _ARGS)}")


def _prefix(text: str, draft: Draft, key: KeyPath, at: KeyPath) -> None:
    if not text.strip():
        draft.same(key, "unset")
    elif "{" in text:
        why = "a template with places to fill is options.prompt in a task file, in Jinja: {{ question }}"
        draft.refuse(key, why)
    else:
        draft.put(key, (*at, "options", "system"), text)


def _origin(
    cfg: Mapping[str, Any], names: list[str], arguments: Mapping[str, Mapping[str, Any]], draft: Draft
) -> None:
    hub, key = str(cfg.get("dataset_hub") or "ModelScope"), ("dataset_hub",)
    with_path = {name for name in names if arguments.get(name, {}).get("local_path")}
    folder = cfg.get("dataset_dir")
    match hub.lower():
        case "modelscope" | "huggingface":
            if hub.lower() == "huggingface":
                _set_hub(names, with_path, draft)
            elif cfg.get("dataset_hub"):
                draft.same(key)
            if folder:
                draft.ignore(("dataset_dir",), "downloads are cached in $EVALDOCK_CACHE (~/.cache/evaldock)")
        case "local":
            _set_paths(names, with_path, str(folder) if folder else "", draft)
        case _:
            known = ("ModelScope", "HuggingFace", "Local")
            draft.refuse(key, f"no hub {hub!r}{did_you_mean(hub, known)}")


def _set_hub(names: list[str], with_path: set[str], draft: Draft) -> None:
    for index, name in enumerate(names):
        if name not in with_path:
            draft.put(("dataset_hub",), (*_AT, index, "options", "hub"), "huggingface")


def _set_paths(names: list[str], with_path: set[str], folder: str, draft: Draft) -> None:
    draft.same(("dataset_hub",), "data sets with a path are not downloaded")
    for index, name in enumerate(names):
        if name in with_path:
            continue
        if folder:
            draft.put(("dataset_dir",), (*_AT, index, "path"), posixpath.join(folder, name))
        else:
            draft.refuse(("dataset_hub",), f"say where {name!r} lies: dataset_args {name}.local_path, or dataset_dir")
    if folder and len(with_path) == len(names):
        draft.same(("dataset_dir",), "every data set has a path of its own")
