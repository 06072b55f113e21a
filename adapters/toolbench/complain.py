"""What ToolBench refuses beforehand, with its place in the task file, and what it warns of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from adapters.toolbench.catalog import OWN, STABLE, STABLE_OWN
from adapters.toolbench.options import (
    DatasetOptions,
    EvaluationOptions,
    Generation,
    StableOptions,
    folders_of,
    stable_options,
)
from adapters.toolbench.translate import agents_of
from hub.adapter import Complaint, DatasetRequest, Evaluation, option_complaints

_NO_JUDGE = (
    "a pass rate is a judge's: give the task a `judge`, or options `judge: none` for what can be counted without one"
)
_NO_SIMULATOR = "api simulate asks the task's `simulator`, and it has none: give one, with the keys of a judge"
_NO_ANSWERS = (
    "answers of APIs in {!r}: nothing is recorded that api cache could answer with, so that every call will fail; "
    "give the evaluation's options `cache` (a folder) or `published_cache: true`, or take api simulate"
)
_NO_NETWORK = (
    "api remote reaches a virtual API server of yours from inside the job, and jobs have no network: say "
    "`network: bridge` or `host` in the task; or use api cache or simulate, which need none"
)
_UNPINNED = (
    "StableToolBench's recorded answers and tool files come from a branch that may move: the checksum of the first "
    "download is kept and a later one must have it, and a result's key has fingerprints of what it used; to name "
    "a commit, write `published_cache: <its 40 digits>`"
)
_NO_URL = "api remote needs url: the address of your virtual API server, such as http://127.0.0.1:8080/virtual"
_TRIES = "{}: at temperature 0 every try is the first one again; give generation a temperature"
_NO_RATE = "{}: judge none, so there is no pass rate; what can be counted is reported"


def complaints(evaluation: Evaluation) -> Iterator[Complaint]:
    """Yield what is wrong with an evaluation."""
    if evaluation.model.via != "endpoint":
        message = (
            f"toolbench asks an endpoint, and {evaluation.model.name!r} is a checkpoint: give it `serve`, "
            "or serve it yourself (vllm serve, swift deploy, ...) and give the server's address as `endpoint`"
        )
        yield Complaint(("models",), message)
    shared = tuple(option_complaints("toolbench", EvaluationOptions, evaluation.options, "options"))
    yield from shared
    if not shared:
        yield from _places(evaluation)
    for index, request in enumerate(evaluation.datasets):
        for complaint in _dataset(evaluation, request, checked=not shared):
            yield replace(complaint, path=("datasets", index, *complaint.path))


def _places(evaluation: Evaluation) -> Iterator[Complaint]:
    given = folders_of(evaluation)
    stated = {name: value for name, value in given.model_dump().items() if value is not None}
    for name, value in stated.items():
        if "://" in value:
            yield Complaint(("options", name), f"{name} is a path on this machine, not {value!r}")
    if evaluation.options and not agents_of(evaluation):
        names = ", ".join(sorted(evaluation.options))
        yield Complaint(("options",), f"{names}: for data sets of an agent (stable/...), and there are none here")
    if evaluation.options.get("published_cache") is True:
        yield Complaint(("options", "published_cache"), _UNPINNED, refuses=False)
    if evaluation.options.get("published_cache") and (given.cache or given.tools):
        yield Complaint(("options", "published_cache"), "give either cache and tools, or published_cache")


def _dataset(evaluation: Evaluation, request: DatasetRequest, *, checked: bool) -> Iterator[Complaint]:
    if request.name in {OWN, STABLE_OWN} and request.path is None:
        yield Complaint(("path",), f"{request.name} is a file of your own: give it as path")
    if request.subsets is not None:
        yield Complaint(("subsets",), f"{request.name} has no subsets")
    if request.few_shot:
        yield Complaint(("few_shot",), f"{request.name} shows no examples: its conversations are given")
    if request.scoring not in {None, "generate"}:
        yield Complaint(("scoring",), f"toolbench knows one way: generate, not {request.scoring!r}")
    if request.limit is not None and request.limit < 1:
        yield Complaint(("limit",), f"limit must be 1 or more, not {request.limit}")
    wrong = tuple(
        option_complaints(
            "toolbench", StableOptions if request.name in STABLE else DatasetOptions, request.options, "options"
        )
    )
    wrong += tuple(option_complaints("toolbench", Generation, request.generation, "generation"))
    yield from wrong
    if request.name in STABLE and checked and not wrong:
        yield from _agent(evaluation, request, stable_options(evaluation, request))


def _agent(evaluation: Evaluation, request: DatasetRequest, options: StableOptions) -> Iterator[Complaint]:
    if options.judge == "task" and not evaluation.judge:
        yield Complaint(("options", "judge"), _NO_JUDGE)
    if options.judge == "none":
        yield Complaint(("options", "judge"), _NO_RATE.format(request.label), refuses=False)
        if folders_of(evaluation).reference:
            yield Complaint(("options", "judge"), "a win rate over a reference is a judge's, and judge is none")
    if options.api == "simulate" and not evaluation.simulator:
        yield Complaint(("options", "api"), _NO_SIMULATOR)
    if options.api == "cache" and not (folders_of(evaluation).cache or evaluation.options.get("published_cache")):
        yield Complaint(("options", "api"), _NO_ANSWERS.format(request.label), refuses=False)
    yield from _remote(evaluation, options)
    greedy = options.compat == "clean" and not request.generation.get("temperature")
    if options.method == "cot" and options.tries > 1 and greedy:
        yield Complaint(("options", "tries"), _TRIES.format(request.label), refuses=False)


def _remote(evaluation: Evaluation, options: StableOptions) -> Iterator[Complaint]:
    if options.api != "remote":
        if options.url:
            yield Complaint(("options", "url"), "url is that of api remote")
        return
    if evaluation.network == "none":
        yield Complaint(("options", "api"), _NO_NETWORK)
    url = urlsplit(options.url)
    if url.scheme not in {"http", "https"}:
        yield Complaint(("options", "url"), _NO_URL)
    if url.username or url.password or url.query:
        yield Complaint(("options", "url"), "url must hold no key: task files, and jobs, have none")
