"""Resolve an evaluation into the runner's task.json (pure) and into the data it needs.

`assets` looks at the disk for one thing: whether a user's folder is OpenCompass's `data` or the one above it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from adapters.opencompass.catalog import Entry, Way, catalog
from adapters.opencompass.contract import CLIENT_MARGIN_S, TASK_FILE, Dataset, Group, Model, Part, Task, dumps
from adapters.opencompass.names import file_name
from adapters.opencompass.options import DatasetOptions, EvaluationOptions
from adapters.opencompass.shipped import Config, configs_of, groups_of
from hub.adapter import Asset, DatasetRequest, Evaluation, Reader
from hub.job import DATA

OWN = "config"  # the data set that is the user's own configuration file
_SHARED_DATA = f"{DATA}/opencompass"
_ARCHIVE = "OpenCompassData-complete-20240207.zip"
_ARCHIVES = {
    "github": f"https://github.com/open-compass/opencompass/releases/download/0.2.2.rc1/{_ARCHIVE}",
    "modelscope": f"https://modelscope.cn/datasets/opencompass/OpenCompassDataComplete/resolve/master/{_ARCHIVE}",
}
_UNPACKED_BYTES = 1_700_000_000  # about
_OWN_COPY = "`data` in the options of the evaluation, or `path` of the data set, names a copy of yours"
_FETCH = (
    "leave {key} out and `evaldock fetch TASK` downloads OpenCompass's archive, which has them; or put them there"
)
_PUT = "put them there; the archive that `evaldock fetch TASK` downloads does not have them"
_MAX_TOKENS = 2048


@dataclass(frozen=True)
class Wanted:
    """One data set as the task names it: `entry` is None for the user's own configuration file."""

    request: DatasetRequest
    entry: Entry | None
    way: Way

    @property
    def subsets(self) -> tuple[str, ...]:
        """Return which parts are wanted."""
        if self.entry is None:
            return ()
        named = self.request.subsets
        if named is not None and named == (self.entry.subset,):  # what is of one piece has a name in the report
            return ("",)
        return named or tuple(self.entry.parts)

    @property
    def config(self) -> Config | None:
        """Return what is known of the configuration; None where it is the user's own, or none that there is."""
        if self.entry is None:
            return None
        named = self.request.options.get("config") or self.entry.configs[self.way].rpartition("/")[2]
        return configs_of(self.entry).get(str(named))

    @property
    def few_shot(self) -> int | None:
        """Return how many worked examples a prompt shows; None where nobody knows."""
        if self.entry is None or self.config is None:
            return None
        chosen = {config.rpartition("/")[2] for config in self.entry.configs.values()}
        return self.entry.few_shot if self.config.name in chosen else self.config.few_shot

    @property
    def limit(self) -> int | None:
        """Return the limit; none where it would break the metric and is the task's, not the data set's own."""
        left_out = self.entry is not None and self.entry.whole and self.request.limit_by_default
        return None if left_out else self.request.limit


def names() -> Mapping[str, tuple[str, Way | None]]:
    """Return every name that a task may give a data set, OpenCompass's own too -> the catalog's, and the way."""
    found: dict[str, tuple[str, Way | None]] = {name: (name, None) for name in catalog()}
    for name, entry in catalog().items():
        found.update({config.rpartition("/")[2]: (name, way) for way, config in entry.configs.items()})
    return found


def wanted(request: DatasetRequest) -> Wanted:
    """Return what a request means; the way is that of the name, else as asked or configured, else generation."""
    if request.name == OWN:
        return Wanted(request, None, "generate")
    name, fixed = names()[request.name]
    entry = catalog()[name]
    asked = next((way for way in entry.configs if way == request.scoring), None)
    other = configs_of(entry).get(str(request.options.get("config")))
    configured = other.way if other and other.way in entry.configs else None
    return Wanted(request, entry, fixed or asked or configured or "generate")


def translate(evaluation: Evaluation) -> Mapping[str, str]:
    """Return the files of /job/input."""
    return {TASK_FILE: dumps(task_of(evaluation))}


def task_of(evaluation: Evaluation) -> Task:
    """Return the whole evaluation with every default filled in."""
    options = EvaluationOptions.model_validate(dict(evaluation.options))
    return Task(
        model=_model(evaluation, options),
        datasets=_datasets(evaluation),
        seed=evaluation.seed,
        concurrency=evaluation.concurrency,
        request_timeout_s=evaluation.deadline_s + CLIENT_MARGIN_S,
        runner=options.runner,
        gpus_per_task=options.gpus_per_task,
        max_out_len=_MAX_TOKENS,
    )


def _model(evaluation: Evaluation, options: EvaluationOptions) -> Model:
    model = evaluation.model
    return Model(
        kind="endpoint" if model.via == "endpoint" else "checkpoint",
        name=file_name(model.name),
        path=model.path,
        dtype=model.dtype,
        chat=_chat(evaluation),
        turns=options.turns,
        max_seq_len=options.max_seq_len,
        batch_size=options.batch_size,
    )


def _chat(evaluation: Evaluation) -> bool | None:
    """Return whether prompts are chat turns; likelihoods are those of plain text."""
    ways = {wanted(request).way for request in evaluation.datasets}
    return False if evaluation.model.chat is None and ways == {"continuation"} else evaluation.model.chat


def _datasets(evaluation: Evaluation) -> tuple[Dataset, ...]:
    every = [wanted(request) for request in evaluation.datasets]
    taken: Counter[str] = Counter()
    return tuple(_dataset(one, evaluation, taken) for one in every)


def _dataset(one: Wanted, evaluation: Evaluation, taken: Counter[str]) -> Dataset:
    request, entry = one.request, one.entry
    parts = _parts(one, taken)
    return Dataset(
        label=request.label,
        config=_config(one),
        data=_data_target(one, evaluation),
        parts=parts,
        groups=_groups(one, parts),
        limit=one.limit,
        max_tokens=request.generation.get("max_tokens"),
        generation=_generation(request, evaluation),
        runs_code=entry.runs_code if entry else True,
    )


def _parts(one: Wanted, taken: Counter[str]) -> tuple[Part, ...]:
    """Return the parts under names that no other data set of the job has: two ways of one data set share them."""
    found = []
    for subset in one.subsets:
        abbr = one.entry.parts[subset] if one.entry else subset
        taken[abbr] += 1
        file = abbr if taken[abbr] == 1 else f"{file_name(one.request.label)}.{taken[abbr]}.{abbr}"
        reads = one.entry.files_of((subset,)) if one.entry else ()
        found.append(Part(abbr, file, subset, reads))
    return tuple(found)


def _groups(one: Wanted, parts: tuple[Part, ...]) -> tuple[Group, ...]:
    """Return the average over all parts, and then those over subjects."""
    if one.entry is None or len(parts) < 2:
        return ()
    files = {part.subset: part.file for part in parts}
    name = file_name(one.request.label)
    weights = {file: one.entry.weights[subset] for subset, file in files.items()} if one.entry.weights else {}
    all_of_it = Group(f"{name}-all" if name in files.values() else name, tuple(files.values()), weights)
    subjects = groups_of(one.entry, tuple(files)).items()
    return (
        all_of_it,
        *(Group(f"{name}-{subject}", tuple(files[subset] for subset in subsets)) for subject, subsets in subjects),
    )


def _config(one: Wanted) -> str:
    own = DatasetOptions.model_validate(dict(one.request.options)).config
    if one.entry is None:
        return config_target(one.request)
    config = one.entry.configs[one.way]
    return f"{config.partition('/')[0]}/{own}" if own else config


def own_config(request: DatasetRequest) -> Path | None:
    """Return the user's own configuration file: the `path` of such a data set, or its option."""
    option = request.options.get("config")
    return request.path or (Path(str(option)) if option else None)


def config_target(request: DatasetRequest) -> str:
    """Return where the user's own configuration file lies in the job."""
    file = own_config(request)
    return f"{DATA}/configs/{request.label}/{file.name if file else ''}"


def _generation(request: DatasetRequest, evaluation: Evaluation) -> dict[str, Any]:
    given = {key: value for key, value in request.generation.items() if value is not None and key != "max_tokens"}
    if isinstance(given.get("stop"), str):
        given["stop"] = [given["stop"]]
    if given.get("temperature") and evaluation.model.via == "endpoint":
        given.setdefault("seed", evaluation.seed)
    return given


def assets(evaluation: Evaluation) -> tuple[Asset, ...]:
    """Return OpenCompass's data folder, each data set's own one, and the user's configuration files."""
    options = EvaluationOptions.model_validate(dict(evaluation.options))
    every = [wanted(request) for request in evaluation.datasets]
    shared = [one for one in every if _reads_shared(one, options)]
    found = [_shared(shared, options)] if shared else []
    found += [_own(one, evaluation) for one in every if one.entry and one.request.path is not None]
    found += [_own_config(one.request) for one in every if one.entry is None]
    return tuple(found)


def _reads_shared(one: Wanted, options: EvaluationOptions) -> bool:
    """Return whether a data set reads what all share; the user's own configuration only where there is a folder."""
    return options.data is not None if one.entry is None else one.request.path is None


def _shared(every: list[Wanted], options: EvaluationOptions) -> Asset:
    needed = tuple(dict.fromkeys(file for one in every for file in _files(one)))
    place = Asset("dataset", "OpenCompass's data", _SHARED_DATA, "local", "", patterns=needed, hint=_OWN_COPY)
    if options.data and not is_url(options.data):
        readers = tuple(Reader(one.request.label, _files(one), _local_hint(one, "`data`")) for one in every)
        hint = _FETCH.format(key="`data`")
        return replace(place, location=_data_folder(Path(options.data)), readers=readers, hint=hint)
    place = replace(place, readers=tuple(Reader(one.request.label, _files(one), _OWN_COPY) for one in every))
    size = _UNPACKED_BYTES if options.data is None else None
    location = options.data or _ARCHIVES[options.hub]
    return replace(place, hub="url", location=location, unpack="zips", inside="data", unpacked_bytes=size)


def is_url(text: str) -> bool:
    """Return whether `data` is an address, not a folder."""
    return text.startswith(("http://", "https://"))


def _own(one: Wanted, evaluation: Evaluation) -> Asset:
    path = one.request.path or Path()
    target = _data_target(one, evaluation)
    hint = _local_hint(one, "`path`")
    return Asset("dataset", one.request.label, target, "local", _data_folder(path), patterns=_files(one), hint=hint)


def _local_hint(one: Wanted, key: str) -> str:
    """Return what to do where a folder of the user's, which `key` names, lacks files of a data set."""
    return _FETCH.format(key=key) if one.entry and one.entry.in_archive else _PUT


def _own_config(request: DatasetRequest) -> Asset:
    file = own_config(request) or Path()
    return Asset("dataset", f"{request.label}'s configuration", config_target(request), "local", str(file.absolute()))


def _files(one: Wanted) -> tuple[str, ...]:
    return one.entry.files_of(one.subsets) if one.entry else ()


def _data_folder(path: Path) -> str:
    inside = path / "data"
    return str((inside if inside.is_dir() else path).absolute())


def _data_target(one: Wanted, evaluation: Evaluation) -> str:
    if one.entry and one.request.path is not None:
        return f"{DATA}/sets/{one.request.label}"
    return _SHARED_DATA if one.entry or evaluation.options.get("data") else ""
