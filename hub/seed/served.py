"""What OpenCompass' and VLMEvalKit's configurations share: models behind addresses, keys, limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.seed.draft import Draft
from hub.seed.model import model_name
from hub.source import KeyPath

EVALUATION: KeyPath = ("evaluations", 0)
_NO_KEY = (None, "", "EMPTY", "none", "None")


def add_endpoint(draft: Draft, key: KeyPath, given: Mapping[str, Any], *, model: str, url: str) -> KeyPath | None:
    """Write the model behind an address; `model` and `url` are the names of its two keys. Return where it is."""
    if not given.get(model) or not given.get(url):
        draft.refuse(key, f"a model needs {model} (its name at the server) and {url} (the address)")
        return None
    at: KeyPath = ("models", model_name(str(given[model]), draft.task["models"]))
    draft.put((*key, url), (*at, "endpoint"), str(given[url]))
    draft.put((*key, model), (*at, "model"), str(given[model]))
    return at


def put_key(draft: Draft, key: KeyPath, given: Mapping[str, Any], name: str, at: KeyPath) -> None:
    """Write the name of the variable with the key; a key itself is refused and never shown."""
    if given.get("api_key_env"):
        draft.put((*key, "api_key_env"), (*at, "api_key_env"), given["api_key_env"])
    if name not in given:
        return
    if given[name] in _NO_KEY:
        draft.same((*key, name), "no key")
    else:
        why = "a key has no place here: export it, and give the NAME of the variable as 'api_key_env' beside this"
        draft.refuse((*key, name), why)


def put_limit(draft: Draft, key: KeyPath, value: object) -> None:
    """Write a limit: a whole number of rows."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        draft.refuse(key, f"a limit is a whole number here, the first N rows of each subset, not {value!r}")
    else:
        draft.put(key, ("limit",), value)


def put_mode(draft: Draft, key: KeyPath, value: object) -> None:
    """Take the mode `all`; parts of an evaluation are for a later version."""
    if value is None or value == "all":
        draft.same(key)
    else:
        draft.refuse(
            key, f"this version runs whole evaluations, not {value!r} alone; `evaldock report` shows an old run"
        )


def put_work_dir(draft: Draft, key: KeyPath, value: object) -> None:
    """Take a folder for results as the folder of runs."""
    if value:
        draft.outputs = str(value)
        draft.same(key, "run folders go there, each with a name of its own")


def put_shared(draft: Draft, key: KeyPath, name: str, value: object, setting: str) -> None:
    """Write what each model states on its own, but the task once: generation.`setting`; two values are refused."""
    if value is None:
        return
    known = draft.task["evaluations"][0].get("generation", {})
    if setting in known and known[setting] != value:
        draft.refuse((*key, name), f"all models of a task share {setting}; write one task for each value")
    else:
        draft.put((*key, name), (*EVALUATION, "generation", setting), value)


def put_datasets(draft: Draft, key: KeyPath, given: object, *, empty: str) -> None:
    """Write the names of data sets; `empty` says what none meant."""
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) for name in names):
        draft.refuse(key, f"name one data set or more{empty}")
        return
    for index, name in enumerate(dict.fromkeys(names)):
        draft.add((*key, index), (*EVALUATION, "datasets"), {"name": name})
