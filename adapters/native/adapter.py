"""The Native adapter: our own evaluator behind the protocol, and all that it refuses before anything starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError, meta

from adapters.native import estimate, normalize, translate
from adapters.native.catalog import WAYS, Benchmark, benchmarks
from adapters.native.contract import DATA_SUFFIXES
from adapters.native.loading import PATHS, loading_complaints
from adapters.native.names import suggestion
from adapters.native.options import DatasetOptions, EndpointGeneration, EvaluationOptions, LocalGeneration
from hub.adapter import (
    Adapter,
    Asset,
    Complaint,
    DatasetInfo,
    DatasetRequest,
    Estimate,
    Evaluation,
    Normalized,
    option_complaints,
)

VERSION = "1"
PROMPT_NAMES = ("question", "options", "row", "topic")


class NativeAdapter:
    """Stateless; each method is one module."""

    name = "native"
    version = VERSION
    modalities = ("text",)
    excludes_failures = True
    path_options = PATHS

    def uses_judge(self, evaluation: Evaluation) -> bool:
        """Return whether the task's judge grades the answers of a data set."""
        return any(translate.is_judged(request, judge=evaluation.judge) for request in evaluation.datasets)

    def datasets(self) -> Mapping[str, DatasetInfo]:
        """Return every benchmark."""
        return {name: _info(benchmark) for name, benchmark in benchmarks().items()}

    def complain(self, evaluation: Evaluation) -> tuple[Complaint, ...]:
        """Return what Native cannot take."""
        return _complaints(evaluation)

    def assets(self, evaluation: Evaluation) -> tuple[Asset, ...]:
        """Return the data that the job reads."""
        return translate.assets(evaluation)

    def estimate(self, evaluation: Evaluation) -> tuple[Estimate, ...]:
        """Return what models behind the gateway will be asked."""
        return estimate.estimate(evaluation, self.datasets())

    def translate(self, evaluation: Evaluation) -> Mapping[str, str]:
        """Return task.json."""
        return translate.translate(evaluation)

    def command(self, evaluation: Evaluation) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's signature
        """Return the runner's argv."""
        return ("python", "-m", "adapters.native.runner")

    def normalize(self, evaluation: Evaluation, output: Path) -> Normalized:
        """Read summary.json and the samples."""
        return normalize.normalize(evaluation, output, adapter_version=VERSION)


def _info(benchmark: Benchmark) -> DatasetInfo:
    source = next(iter(benchmark.sources.values()), None)
    return DatasetInfo(
        name=benchmark.name,
        summary=benchmark.summary,
        scoring=tuple(benchmark.ways),
        metric=_metric(benchmark),
        few_shot=benchmark.few_shot,
        source=source.id if source else "your own data",
        own_data=benchmark.own_data,
        runs_code=benchmark.kind == "code",
        subsets=benchmark.subsets,
        rows=benchmark.rows,
        licence=benchmark.licence,
        paper=benchmark.paper,
    )


def _metric(benchmark: Benchmark) -> str:
    """Return the headline's name; of one that a judge grades where there is one, with and without it."""
    plain = benchmark.ways[benchmark.default_way].metrics[0]
    if benchmark.judged is None or not benchmark.prefers_judge:
        return plain
    return f"{benchmark.judged.metrics[0]} by a judge, else {plain}"


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
        yield Complaint(("models",), f"native evaluates text models; {name!r} is a {modality} model")
    problems = list(option_complaints("native", EvaluationOptions, evaluation.options, "options"))
    options = EvaluationOptions() if problems else EvaluationOptions.model_validate(dict(evaluation.options))
    yield from problems or loading_complaints(options, evaluation.model, evaluation.gpus)


def _dataset(request: DatasetRequest, evaluation: Evaluation) -> Iterator[Complaint]:
    benchmark = benchmarks()[request.name]
    yield from _data(request, benchmark)
    yield from _subsets(request, benchmark)
    yield from _few_shot(request, benchmark)
    yield from _scoring(request, benchmark)
    if request.limit is not None and request.limit < 1:
        yield Complaint(("limit",), f"limit must be 1 or more, not {request.limit}")
    endpoint = evaluation.model.via == "endpoint"
    generation = EndpointGeneration if endpoint else LocalGeneration
    yield from option_complaints("native", generation, request.generation, "generation")
    problems = list(option_complaints("native", DatasetOptions, request.options, "options"))
    yield from problems or [
        *_options(request, benchmark),
        *_repeats(request, benchmark, evaluation),
        *_judge(request, benchmark, judge=evaluation.judge),
    ]


def _data(request: DatasetRequest, benchmark: Benchmark) -> Iterator[Complaint]:
    if request.path is None:
        if benchmark.own_data:
            kinds = " ".join(DATA_SUFFIXES)
            yield Complaint(
                ("path",), f"{request.name} measures your own data: give path, a file ({kinds}) or a folder"
            )
    elif not request.path.is_absolute():
        yield Complaint(("path",), f"path must be absolute here, not {str(request.path)!r}")


def _subsets(request: DatasetRequest, benchmark: Benchmark) -> Iterator[Complaint]:
    for index, subset in enumerate(request.subsets or ()):
        if benchmark.subsets and subset not in benchmark.subsets:
            message = f"{request.name} has no subset {subset!r}{suggestion(subset, benchmark.subsets)}"
            yield Complaint(("subsets", index), message)


def _few_shot(request: DatasetRequest, benchmark: Benchmark) -> Iterator[Complaint]:
    count = request.few_shot or 0
    if count < 0:
        yield Complaint(("few_shot",), f"few_shot must be 0 or more, not {count}")
    elif benchmark.examples and count > benchmark.few_shot:
        yield Complaint(
            ("few_shot",), f"{request.name} has {benchmark.few_shot} worked examples of its own, not {count}"
        )
    elif count and not (benchmark.examples or benchmark.few_shot_split or request.options.get("few_shot_split")):
        yield Complaint(("few_shot",), f"{request.name} has no data for few-shot examples: use few_shot: 0")


def _scoring(request: DatasetRequest, benchmark: Benchmark) -> Iterator[Complaint]:
    way = request.scoring
    if way is None:
        return
    if way not in WAYS:
        yield Complaint(("scoring",), f"no scoring way {way!r}{suggestion(way, WAYS)}")
    elif way not in benchmark.ways:
        yield Complaint(("scoring",), f"{request.name} cannot be scored by {way!r}{suggestion(way, benchmark.ways)}")


def _options(request: DatasetRequest, benchmark: Benchmark) -> Iterator[Complaint]:
    options = DatasetOptions.model_validate(dict(request.options))
    for role in options.columns:
        if role not in benchmark.columns:
            message = f"{request.name} has no column role {role!r}{suggestion(role, benchmark.columns)}"
            yield Complaint(("options", "columns", role), message)
    if "hub" in request.options and not (benchmark.sources and request.path is None):
        yield Complaint(("options", "hub"), "hub says where published data come from; these data are your own")
    elif "hub" in request.options and options.hub not in benchmark.sources:
        yield Complaint(
            ("options", "hub"),
            f"{request.name} is not at {options.hub}: use {' or '.join(benchmark.sources)}, or path",
        )
    if options.revision and not (benchmark.sources and request.path is None):
        message = "revision is that of published data at a hub; these data are your own"
        yield Complaint(("options", "revision"), message)
    yield from _leak(request, options, benchmark)
    for key, split in (("split", options.split), ("few_shot_split", options.few_shot_split)):
        known = benchmark.splits if request.path is None else ()
        if split and known and split not in known:
            yield Complaint(("options", key), f"{request.name} has no split {split!r}{suggestion(split, known)}")
    if options.prompt is not None:
        yield from _prompt(options.prompt)


def _judge(request: DatasetRequest, benchmark: Benchmark, *, judge: bool) -> Iterator[Complaint]:
    """Complain where a judge is wanted that there is not, or that would have nothing to do."""
    if not request.options.get("judge"):
        return
    if benchmark.judged is None:
        able = ", ".join(name for name, each in benchmarks().items() if each.judged)
        yield Complaint(("options", "judge"), f"{request.name} needs no judge; these can be judged: {able}")
    elif not judge:
        message = "the task has no judge: give one (`judge: {endpoint: ..., model: ...}`), or leave this out"
        yield Complaint(("options", "judge"), message)


def _repeats(request: DatasetRequest, benchmark: Benchmark, evaluation: Evaluation) -> Iterator[Complaint]:
    """Complain where several answers to a question cannot be had, or would all be one."""
    options = DatasetOptions.model_validate(dict(request.options))
    for k in options.pass_at or ():
        if k > options.repeats:
            message = f"pass@{k} needs as many answers to each question: set repeats to {k} or more"
            yield Complaint(("options", "pass_at"), message)
    way = translate.way_name(request, benchmark, evaluation.model.via)
    if options.repeats == 1:
        return
    if way != "generate":
        message = f"only generated answers differ: use scoring: generate, or leave repeats out; here it is {way}"
        yield Complaint(("options", "repeats"), message)
    elif not {**benchmark.generation, **request.generation}.get("temperature"):
        message = (
            f"{request.label} asks each question {options.repeats} times at temperature 0, where answers are alike: "
            "set generation: {temperature: 0.8} or the like"
        )
        yield Complaint(("options", "repeats"), message, refuses=False)


def _leak(request: DatasetRequest, options: DatasetOptions, benchmark: Benchmark) -> Iterator[Complaint]:
    """Complain where the examples would come from the split that is evaluated: they would give answers away."""
    count = benchmark.few_shot if request.few_shot is None else request.few_shot
    if benchmark.examples:
        return
    split = options.split or benchmark.split
    examples = options.few_shot_split or benchmark.few_shot_split
    if count > 0 and split.lower() == examples.lower():
        key = "few_shot_split" if options.few_shot_split else "split"
        message = (
            f"split {split!r} is evaluated and would give the examples too, answers included: "
            "choose another split or few_shot_split, or few_shot: 0"
        )
        yield Complaint(("options", key), message)


def _prompt(template: str) -> Iterator[Complaint]:
    place = ("options", "prompt")
    environment = Environment()  # noqa: S701 - only parsed here, never rendered
    try:
        names = meta.find_undeclared_variables(environment.parse(template))
    except TemplateSyntaxError as error:
        yield Complaint(place, f"the prompt is not a valid Jinja template: line {error.lineno}: {error.message}")
        return
    for name in sorted(names - set(PROMPT_NAMES)):
        yield Complaint(place, f"the prompt knows no {name!r}{suggestion(name, PROMPT_NAMES)}")
    if not names:
        yield Complaint(place, "the prompt never uses the question: write {{ question }} where it belongs")


ADAPTER: Adapter = NativeAdapter()
