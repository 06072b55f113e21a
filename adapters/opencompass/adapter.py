"""The OpenCompass adapter: the real OpenCompass behind the protocol, and what it refuses before anything starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from adapters.opencompass import normalize, translate
from adapters.opencompass.catalog import WAYS, Entry, catalog
from adapters.opencompass.options import (
    CheckpointGeneration,
    DatasetOptions,
    EndpointGeneration,
    EvaluationOptions,
)
from adapters.opencompass.shipped import configs_of
from adapters.opencompass.translate import OWN, Wanted, is_url, names, own_config, wanted
from hub.adapter import (
    Adapter,
    Asset,
    Complaint,
    DatasetInfo,
    DatasetRequest,
    Evaluation,
    Normalized,
    option_complaints,
    suggestion,
)

VERSION = "2"
_NAMED = "{{"  # mmengine replaces it, by environment variables among others, in every text of a configuration


class OpenCompassAdapter:
    """Stateless; each method is one module."""

    name = "opencompass"
    version = VERSION
    modalities = ("text",)
    excludes_failures = False
    path_options = ("data",)

    def uses_judge(self, evaluation: Evaluation) -> bool:  # noqa: ARG002 - the protocol's signature
        """Return False: nothing here is judged by a model."""
        return False

    def datasets(self) -> Mapping[str, DatasetInfo]:
        """Return every data set, by OpenCompass's own names too, and the user's own configuration."""
        found = {name: _info(name, catalog()[entry], way) for name, (entry, way) in names().items()}
        return {**found, OWN: _OWN}

    def complain(self, evaluation: Evaluation) -> tuple[Complaint, ...]:
        """Return what OpenCompass cannot take."""
        return _complaints(evaluation)

    def assets(self, evaluation: Evaluation) -> tuple[Asset, ...]:
        """Return the data that the job reads."""
        return translate.assets(evaluation)

    def translate(self, evaluation: Evaluation) -> Mapping[str, str]:
        """Return task.json."""
        return translate.translate(evaluation)

    def command(self, evaluation: Evaluation) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's signature
        """Return the runner's argv."""
        return ("python", "-m", "adapters.opencompass.runner")

    def normalize(self, evaluation: Evaluation, output: Path) -> Normalized:
        """Read OpenCompass's results and predictions."""
        return normalize.normalize(evaluation, output, adapter_version=VERSION)


_OWN = DatasetInfo(
    name=OWN,
    summary="Your own OpenCompass configuration file, given as path",
    scoring=("generate",),
    metric="as it says",
    few_shot=0,
    source="your own data",
    own_data=True,
    runs_code=True,  # its scoring may
    needs=("what its file loads from a hub (nltk data, `evaluate` modules, sentence models): lay it below `data`",),
)


def _info(name: str, entry: Entry, way: str | None) -> DatasetInfo:
    return DatasetInfo(
        name=name,
        summary=entry.summary,
        scoring=(way,) if way else tuple(entry.configs),
        metric=entry.metric,
        few_shot=entry.few_shot,
        source="OpenCompassData-complete-20240207" if entry.in_archive else "your own copy",
        subsets=_nameable(entry),
        rows=entry.rows,
        licence=entry.licence or "unknown",
        files=entry.files,
        runs_code=entry.runs_code,
        configs=tuple(configs_of(entry)),
        alias_of="" if name == entry.name else entry.name,
    )


def _nameable(entry: Entry) -> tuple[str, ...]:
    """Return what a task may ask for; data of one piece may have a name, too."""
    named = (entry.subset,) if entry.subset else ()
    return tuple(subset for subset in entry.parts if subset) or named


def _complaints(evaluation: Evaluation) -> tuple[Complaint, ...]:
    """Return every problem, each with its place in the evaluation."""
    found = list(_whole(evaluation))
    for index, request in enumerate(evaluation.datasets):
        inside = _dataset(request, evaluation)
        found += [replace(complaint, path=("datasets", index, *complaint.path)) for complaint in inside]
    return tuple(found)


def _whole(evaluation: Evaluation) -> Iterator[Complaint]:
    if evaluation.model.modality != "text":
        name, modality = evaluation.model.name, evaluation.model.modality
        yield Complaint(("models",), f"opencompass evaluates text models; {name!r} is a {modality} model")
    wrong = list(option_complaints("opencompass", EvaluationOptions, evaluation.options, "options"))
    yield from wrong or _options(evaluation)


def _options(evaluation: Evaluation) -> Iterator[Complaint]:
    options = EvaluationOptions.model_validate(dict(evaluation.options))
    endpoint = evaluation.model.via == "endpoint"
    if options.runner == "local" and endpoint:
        yield Complaint(
            ("options", "runner"), "runner: local is for checkpoints; an endpoint is asked by one process"
        )
    if options.runner == "local" and any(_is_more_than_length(one.generation) for one in evaluation.datasets):
        message = "runner: local starts OpenCompass's own processes, which obey max_tokens alone of a generation"
        yield Complaint(("options", "runner"), message)
    for key in ("turns", "batch_size"):
        if key in evaluation.options and endpoint is (key == "batch_size"):
            kind = "checkpoints" if endpoint else "endpoints"
            yield Complaint(("options", key), f"options.{key} is for {kind}; {evaluation.model.name!r} is none")


def _is_more_than_length(generation: Mapping[str, Any]) -> bool:
    return any(value for key, value in generation.items() if key != "max_tokens")


def _dataset(request: DatasetRequest, evaluation: Evaluation) -> Iterator[Complaint]:
    problems = list(option_complaints("opencompass", DatasetOptions, request.options, "options"))
    if problems:
        yield from problems
        return
    one = wanted(request)
    yield from _config(request, one)
    yield from _data(request, evaluation)
    yield from _subsets(request, one)
    yield from _few_shot(request, one)
    yield from _scoring(one, evaluation)
    yield from _limit(request, one)
    endpoint = evaluation.model.via == "endpoint"
    yield from option_complaints(
        "opencompass", EndpointGeneration if endpoint else CheckpointGeneration, request.generation, "generation"
    )


def _config(request: DatasetRequest, one: Wanted) -> Iterator[Complaint]:
    config = request.options.get("config")
    place = ("options", "config")
    if config and _NAMED in str(config):
        yield Complaint(place, f"{_NAMED!r} may not stand in the name of a configuration")
    elif one.entry is None:
        if own_config(request) is None:
            yield Complaint(("path",), f"{OWN} is your own OpenCompass configuration: give its file as path")
    elif config and (str(config).endswith(".py") or "/" in str(config)):
        message = f"options.config names one of OpenCompass's own here; a file of yours is the data set {OWN!r}"
        yield Complaint(place, message)
    elif config and (problem := _not_this(one, one.entry, str(config))):
        yield Complaint(place, problem)


def _not_this(one: Wanted, entry: Entry, name: str) -> str:
    """Return why one of OpenCompass's configurations cannot be taken for a data set; empty where it can."""
    known = configs_of(entry)
    config = known.get(name)
    if config is None:
        near = suggestion(name, known) or "; `evaldock list datasets --backend opencompass --json` names all"
        return f"OpenCompass has no configuration {name!r} of {entry.name}{near}"
    if config.way is None:
        return f"{name} asks by {' and '.join(config.inferencers)}, which evaldock does not run as one data set"
    if config.way != one.way:
        return f"{name} is a configuration for {config.way!r}, not {one.way!r}"
    lacks = [subset for subset in one.subsets if subset in config.lacks]
    if lacks:
        parts = f"has no part {', '.join(lacks[:3])}" if lacks[0] else "measures something else"
        return f"{name} {parts}; a file of yours can import it (the data set {OWN!r})"
    return ""


def _data(request: DatasetRequest, evaluation: Evaluation) -> Iterator[Complaint]:
    data = evaluation.options.get("data")
    entry = wanted(request).entry
    if request.path is None and not data and entry and not entry.in_archive:
        message = f"{request.name} is not in OpenCompass's archive: give path here, or options.data of the evaluation"
        yield Complaint(("path",), message)
    folders = (request.path, None if data is None or is_url(str(data)) else data)
    for path in folders:
        if path is not None and not Path(str(path)).is_absolute():
            yield Complaint(("path",), f"path must be absolute here, not {str(path)!r}")


def _subsets(request: DatasetRequest, one: Wanted) -> Iterator[Complaint]:
    for index, subset in enumerate(request.subsets or ()):
        if one.entry is None:
            yield Complaint(("subsets", index), f"{OWN} has the data sets of its file: leave subsets out")
        elif subset not in (one.entry.subset, *one.entry.parts):
            known = _nameable(one.entry)
            message = suggestion(subset, known) if known else "; it is all of one piece"
            yield Complaint(("subsets", index), f"{request.name} has no subset {subset!r}{message}")


def _few_shot(request: DatasetRequest, one: Wanted) -> Iterator[Complaint]:
    if request.few_shot is None or request.few_shot == one.few_shot:
        return
    if one.entry is None:
        has = "your file says how many"
    elif one.config is None:  # there is none of that name, which is said elsewhere
        return
    elif one.few_shot is None:
        has = f"those of {one.config.name} are part of its text, and nobody has counted them: leave few_shot out"
    else:
        has = f"{one.config.name} shows {one.few_shot}{_with_examples(one, one.entry, request.few_shot)}"
    yield Complaint(("few_shot",), f"OpenCompass's configurations fix their examples: {has}")


def _with_examples(one: Wanted, entry: Entry, count: int) -> str:
    """Return which other configuration of a data set shows so many examples."""
    fit = (config for config in configs_of(entry).values() if config.few_shot == count and config.way == one.way)
    names = [config.name for config in fit if not set(config.lacks) & set(one.subsets)]
    if not names:
        return f"; none of {entry.name} shows {count}"
    return f"; options: {{config: {names[0]}}} shows {count}"


def _scoring(one: Wanted, evaluation: Evaluation) -> Iterator[Complaint]:
    request, ways = one.request, one.entry.configs if one.entry else ("generate",)
    if request.scoring is not None and request.scoring not in ways:
        if request.scoring in WAYS:
            message = f"OpenCompass cannot score {request.name} by {request.scoring!r}{suggestion('', ways)}"
        else:
            message = f"OpenCompass knows no scoring way {request.scoring!r}{suggestion(request.scoring, WAYS)}"
        yield Complaint(("scoring",), message)
    elif request.scoring is not None and request.scoring != one.way:
        yield Complaint(("scoring",), f"{request.name} is a configuration for {one.way!r}")
    elif one.way == "continuation" and evaluation.model.via == "endpoint":
        message = (
            f"{one.way!r} needs the log-probabilities of the prompt, and {evaluation.model.name!r} is an endpoint: "
            "use scoring: generate, or evaluate the checkpoint"
        )
        yield Complaint(("scoring",) if request.scoring else ("name",), message)
    elif one.way == "continuation" and _may_chat(evaluation):
        message = (
            f"{one.way!r} needs plain prompts: set chat: false at the model {evaluation.model.name!r}, "
            "or keep what is generated in another evaluation"
        )
        yield Complaint(("scoring",) if request.scoring else ("name",), message)


def _may_chat(evaluation: Evaluation) -> bool:
    if evaluation.model.chat is None:
        return any(wanted(request).way == "generate" for request in evaluation.datasets)
    return evaluation.model.chat


def _limit(request: DatasetRequest, one: Wanted) -> Iterator[Complaint]:
    if request.limit is not None and request.limit < 1:
        yield Complaint(("limit",), f"limit must be 1 or more, not {request.limit}")
    elif request.limit is not None and one.entry and one.entry.whole:
        needs = f"the metric of {request.name} needs all {one.entry.rows} rows"
        if request.limit_by_default:
            yield Complaint(
                ("limit",), f"limit {request.limit} of {request.label!r} is left out: {needs}", refuses=False
            )
        else:
            yield Complaint(("limit",), f"{needs}: leave limit out")


ADAPTER: Adapter = OpenCompassAdapter()
