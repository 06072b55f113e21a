"""OpenCompass's configurations: read from its files, cut to what the task wants, put together for `run_task`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from adapters.opencompass.contract import EXPERIMENT, Dataset, Part, Runner
from adapters.opencompass.names import file_name, unused
from adapters.opencompass.runner.session import Session
from adapters.runtime import job

_PACKAGE = "adapters.opencompass.runner"


class ConfigError(Exception):
    """A configuration does not hold what the task wants of it."""


def read(dataset: Dataset, taken: Collection[str] = ()) -> list[tuple[Part, dict[str, Any]]]:
    """Return the wanted configurations of a data set as plain data, each under the name of its files.

    `taken` are names of files that the parts of the user's own configuration may not have.

    Raises:
        ConfigError: one is not there.
    """
    found = list(all_in(_path(dataset)))
    if not dataset.parts:
        parts = own_parts([str(config.get("abbr") or config.get("path", "")) for config in found], taken)
        return [(part, _cut(config, part, dataset)) for part, config in zip(parts, found, strict=True)]
    by_abbr = {config["abbr"]: config for config in found}
    absent = [part.abbr for part in dataset.parts if part.abbr not in by_abbr]
    if absent:
        raise ConfigError(f"{dataset.config} has no data set {', '.join(absent)}")
    return [(part, _cut(by_abbr[part.abbr], part, dataset)) for part in dataset.parts]


def experiment(session: Session, model: dict[str, Any]) -> dict[str, Any]:
    """Return the whole configuration: every loaded part, one model, how the two stages run, the averages."""
    groups = [group for dataset in session.task.datasets for group in _groups(dataset, session)]
    return {
        "datasets": [held.config for held in session.parts.values()],
        "models": [model],
        "infer": {"partitioner": _partitioner(), "runner": _runner(session.task.runner)},
        "eval": {"partitioner": _partitioner(), "runner": _in_process("OpenICLEvalTask", "score")},
        "summarizer": {"summary_groups": groups},
    }


def _path(dataset: Dataset) -> Path:
    if dataset.config.startswith("/"):
        return job.path(dataset.config)
    return shipped() / f"{dataset.config}.py"


def shipped() -> Path:
    """Return the folder of OpenCompass's own configurations of data sets."""
    import opencompass  # noqa: PLC0415

    return Path(opencompass.__file__).parent / "configs" / "datasets"


def all_in(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the data sets of a file: its `datasets`, else all that its `..._datasets` hold."""
    from mmengine.config import Config  # noqa: PLC0415

    content = Config.fromfile(str(path), format_python_code=False).to_dict()
    lists = {key: value for key, value in content.items() if key.endswith("datasets") and isinstance(value, list)}
    chosen = [lists["datasets"]] if "datasets" in lists else list(lists.values())
    yield from (config for part in chosen for config in part)


def own_parts(abbrs: Iterable[str], taken: Collection[str]) -> list[Part]:
    """Return the parts of the user's own configuration: OpenCompass takes two of one name for one."""
    found: list[Part] = []
    for abbr in abbrs:
        file = unused(file_name(abbr), {*taken, *(part.file for part in found)})
        again = any(part.subset == abbr for part in found)
        found.append(Part(abbr, file, file if again else abbr))
    return found


def _cut(config: dict[str, Any], part: Part, dataset: Dataset) -> dict[str, Any]:
    reader = dict(config.get("reader_cfg", {}))
    if dataset.limit is not None:
        reader["test_range"] = f"[0:{int(dataset.limit)}]"
    infer = dict(config["infer_cfg"])
    if dataset.max_tokens is not None:
        infer["inferencer"] = {**infer["inferencer"], "max_out_len": dataset.max_tokens}
    return {**config, "abbr": part.file, "reader_cfg": reader, "infer_cfg": infer}


def _groups(dataset: Dataset, session: Session) -> Iterator[dict[str, Any]]:
    """Yield the averages of a data set for OpenCompass's own summary; parts that are absent make them errors."""
    for group in dataset.groups:
        yield {
            "name": group.name,
            "subsets": list(group.files),
            **({"weights": dict(group.weights)} if group.weights else {}),
        }
    if dataset.groups:
        whole = dataset.groups[0]
        rows = {file: session.parts[file].rows for file in whole.files if file in session.parts}
        if len(rows) == len(whole.files):
            yield {"name": f"{whole.name}-weighted", "subsets": list(whole.files), "weights": rows}


def _partitioner() -> dict[str, Any]:
    return {"type": "opencompass.partitioners.NaivePartitioner", "n": 1}


def _runner(name: Runner) -> dict[str, Any]:
    if name == "local":
        task = {"type": "opencompass.tasks.OpenICLInferTask"}
        return {"type": f"{_PACKAGE}.local.ReportingLocalRunner", "task": task}
    return _in_process("OpenICLInferTask", "infer")


def _in_process(task: str, stage: str) -> dict[str, Any]:
    return {
        "type": f"{_PACKAGE}.inprocess.InProcessRunner",
        "task": {"type": f"opencompass.tasks.{task}"},
        "stage": stage,
    }


def refuse_templates(paths: Iterable[str]) -> None:
    """Refuse what mmengine would replace, by environment variables among others, in the text of a configuration.

    Raises:
        ConfigError: a path holds such a thing.
    """
    for path in paths:
        if "{{" in path:
            raise ConfigError(f"'{{{{' may not stand in a path: {path}")


def experiment_folder(session: Session) -> Path:
    """Return where OpenCompass writes."""
    return session.output / EXPERIMENT
