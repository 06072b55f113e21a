"""A task in any form that is understood: a file, a mapping or a TaskSpec, in evaldock's words or in Eval-Scope's."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from hub.errors import Problem, TaskError
from hub.overrides import Changes, changed
from hub.registry import adapter_names
from hub.seed.draft import Namer, Translation, key_name_in, task_cfg_name
from hub.seed.task_cfg import is_task_cfg, only_seed_keys, translate
from hub.source import Source, parse_source, read_source, show_path
from hub.spec import TaskSpec
from hub.taskfile import LoadedTask, validate

AnyTask = str | Path | Mapping[str, Any] | TaskSpec
_NO_CHANGES = Changes()


@dataclass(frozen=True)
class Given:
    """A valid task, and what came with it that no task holds; remarks name the keys that have no effect."""

    task: LoadedTask
    remarks: tuple[str, ...] = ()
    outputs: Path | None = None
    dry_run: bool = False


def load_any(task: AnyTask | object, changes: Changes = _NO_CHANGES) -> Given:
    """Read and validate a task in any form; a TaskConfig of Eval-Scope is taken as its task_cfg.

    Raises:
        TaskError: every problem found; also where the form cannot be told.
    """
    if isinstance(task, str | Path):
        return _load_file(Path(task), changes)
    if isinstance(task, TaskSpec):
        return _load_own(task.model_dump(mode="json", exclude_unset=True), changes)
    if dataclasses.is_dataclass(task) and not isinstance(task, type):
        task = {part.name: getattr(task, part.name) for part in dataclasses.fields(task)}
    if not isinstance(task, Mapping):
        message = f"a task is a path, a mapping or a TaskSpec, not {type(task).__name__}"
        raise TaskError([Problem("<task>", 0, "", message)])
    if not is_task_cfg(task):
        return _load_own(task, changes)
    return translate_task_cfg(task, task_cfg_name, "task_cfg", changes).checked()


@dataclass(frozen=True)
class Translated:
    """A task_cfg in evaldock's words, not validated yet: `source` holds it, `found` what was said on the way."""

    source: Source
    found: Translation

    def checked(self) -> Given:
        """Validate the task.

        Raises:
            TaskError: it is none; the hint says what to do where only a later version has what it names.
        """
        outputs = Path(self.found.outputs).expanduser() if self.found.outputs else None
        try:
            task = validate(self.source, Path.cwd())
        except TaskError as error:
            raise TaskError(error.problems, hint=_what_instead(self.found) or error.hint) from error
        return Given(task, self.found.remarks, outputs, self.found.dry_run)


def translate_task_cfg(
    cfg: Mapping[str, Any], name_of: Namer, origin: str, changes: Changes = _NO_CHANGES
) -> Translated:
    """Translate a task_cfg; relative paths in it start here, as they did in Eval-Scope.

    Args:
        cfg: as `hub.seed.task_cfg.translate`; its eval_config may be the path of a file, or JSON.
        name_of: how the user wrote a key.
        origin: what the task was made from, for the first line of its text.
        changes: those of --set and --limit.

    Raises:
        TaskError: every key that cannot be translated.
    """
    whole = _with_config(cfg, name_of)
    found = translate(whole, name_of=name_of, backends=adapter_names(), is_folder=_is_folder)
    head = "".join(f"# {line}\n" for line in (f"made from {origin}", *found.remarks))
    source = replace(parse_source(head + _dump(found.task), origin), lines={}, places=found.places)
    return Translated(changed(source, changes), found)


def read_task_cfg(path: Path) -> dict[str, Any]:
    """Return the task_cfg in a YAML or JSON file, whose eval_config may be the path of another, or JSON.

    Raises:
        TaskError: it cannot be read, or is none.
    """
    data = read_source(path).data
    if isinstance(data, dict) and only_seed_keys(data):
        return data
    what = "is no task_cfg of Eval-Scope (model, datasets, ...); `evaldock run` takes task files"
    raise TaskError([Problem(str(path), 0, "", what)])


def text_beside(source: Source, folder: Path) -> str:
    """Return the text of a task that was made here as it must be in `folder`: relative paths are made whole there."""
    if folder.resolve() == Path.cwd().resolve():
        return source.text
    data = deepcopy(source.data)
    for model in data["models"].values():
        if str(model.get("checkpoint", "")).startswith("."):
            model["checkpoint"] = str(Path(model["checkpoint"]).absolute())
    for evaluation in data["evaluations"]:
        for dataset in evaluation["datasets"]:
            if isinstance(dataset, dict) and dataset.get("path") and not dataset["path"].startswith("~"):
                dataset["path"] = str(Path(dataset["path"]).absolute())
    head = [line for line in source.text.splitlines(keepends=True) if line.startswith("#")]
    return "".join(head) + _dump(data)


def _load_file(path: Path, changes: Changes) -> Given:
    source = read_source(path)
    if isinstance(source.data, dict) and only_seed_keys(source.data):
        return translate_task_cfg(source.data, key_name_in(str(path)), str(path), changes).checked()
    return Given(validate(changed(source, changes), path.absolute().parent))


def _load_own(task: Mapping[str, Any], changes: Changes) -> Given:
    return Given(validate(changed(parse_source(_dump(task), "<task>"), changes), Path.cwd()))


def _with_config(cfg: Mapping[str, Any], name_of: Namer) -> Mapping[str, Any]:
    """Return `cfg` with what its eval_config says in place of a file's name or of JSON."""
    config = cfg.get("eval_config")
    if not isinstance(config, str | Path) or not str(config):
        return cfg
    if str(config).lstrip().startswith(("{", "[")) or "\n" in str(config):
        return {**cfg, "eval_config": _from_json(str(config), name_of(("eval_config",)))}
    try:
        return {**cfg, "eval_config": read_source(Path(config).expanduser()).data}
    except TaskError as error:
        where = name_of(("eval_config",))
        raise TaskError([Problem(where, 0, "", str(problem)) for problem in error.problems]) from error


def _from_json(text: str, where: str) -> Any:
    """Return what JSON says; the text is not repeated where it says nothing, for it may hold a key."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"neither the name of a file nor JSON: {error}; write JSON in single quotes for the shell"
        raise TaskError([Problem(where, 0, "", message)]) from error


def _is_folder(text: str) -> bool:
    try:
        return Path(text).is_dir()
    except (OSError, ValueError):
        return False


def _dump(task: Mapping[str, Any]) -> str:
    return yaml.safe_dump(_plain(task, ()), sort_keys=False, allow_unicode=True)


def _plain(value: Any, path: tuple[str | int, ...]) -> Any:
    """Return `value` as what YAML can hold; paths become texts."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item, (*path, str(key))) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, (*path, index)) for index, item in enumerate(value)]
    if isinstance(value, Path):
        return str(value)
    if value is None or type(value) in {str, int, float, bool}:
        return value
    message = f"a {type(value).__name__} is no text, number, list or mapping"
    raise TaskError([Problem("<task>", 0, show_path(path), message)])


def _what_instead(found: Translation) -> str:
    """Return what to do today about a backend that Eval-Scope has and this version has not."""
    evaluation = found.task["evaluations"][0]
    backend = evaluation["backend"]
    if backend not in adapter_names():
        known = ", ".join(adapter_names())
        return f"{backend} comes with a later version, and will run this task; this version has {known}"
    return ""
