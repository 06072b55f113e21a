"""What VLMEvalKit cannot take, or would take without effect: each with its place in the evaluation. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from adapters.vlmevalkit.catalog import Entry, facts
from adapters.vlmevalkit.options import DatasetOptions, EndpointGeneration, EvaluationOptions, OpenQuestionsOptions
from adapters.vlmevalkit.schemes import PAGES
from adapters.vlmevalkit.translate import Wanted, all_wanted
from hub.adapter import Complaint, Evaluation, option_complaints, suggestion

_SHOWS_PAGES = ("InternVL-Chat-V1-5", "MiniCPM-Llama3-V-2_5", "XComposer2_4KHD", "XComposer2d5")
_ENDPOINT_OPTIONS = ("image_size", "image_detail", "system_prompt")


def complaints(evaluation: Evaluation) -> tuple[Complaint, ...]:
    """Return every problem."""
    found = list(_whole(evaluation))
    for index, one in enumerate(all_wanted(evaluation)):
        inside = _dataset(one, evaluation)
        found += [replace(complaint, path=("datasets", index, *complaint.path)) for complaint in inside]
    return tuple(found)


def _whole(evaluation: Evaluation) -> Iterator[Complaint]:
    model = evaluation.model
    if model.modality != "vision":
        message = f"vlmevalkit evaluates models that see; {model.name!r} is a {model.modality} model"
        yield Complaint(("models",), f"{message}: say modality: vision there if it takes images")
    wrong = list(_checked(EvaluationOptions, evaluation.options, "options"))
    yield from wrong or _model_options(evaluation)


def _model_options(evaluation: Evaluation) -> Iterator[Complaint]:
    name, known_as = evaluation.model.name, evaluation.options.get("known_as")
    if evaluation.model.via == "endpoint":
        if known_as is not None:
            yield Complaint(("options", "known_as"), f"options.known_as is for checkpoints; {name!r} is an endpoint")
        return
    yield from _known_as(name, known_as)
    for key in _ENDPOINT_OPTIONS:
        if key in evaluation.options:
            message = f"options.{key} is for endpoints; what is done to pictures for {name!r} is up to its class"
            yield Complaint(("options", key), message)
    if any(one.generation for one in evaluation.datasets):
        message = f"generation has no effect on {name!r}: VLMEvalKit's class of it says how it generates"
        yield Complaint(("options",), message, refuses=False)


def _known_as(model: str, known_as: str | None) -> Iterator[Complaint]:
    place = ("options", "known_as")
    if known_as is None:
        message = f"options.known_as must say by which of VLMEvalKit's names {model!r} is loaded, "
        yield Complaint(("options",), message + "for instance Qwen2.5-VL-7B-Instruct")
    elif known_as in facts().remote:
        message = f"{known_as!r} is a model that VLMEvalKit asks over a network, or whose weights cannot be given"
        yield Complaint(place, f"{message}: serve it, and give it as an endpoint")
    elif known_as not in facts().local:
        yield Complaint(place, f"VLMEvalKit knows no model {known_as!r}{suggestion(known_as, facts().local)}")


def _dataset(one: Wanted, evaluation: Evaluation) -> Iterator[Complaint]:
    request, entry = one.request, one.entry
    if entry.unavailable:
        yield Complaint(("name",), f"{request.name} does not run here: {entry.unavailable}")
        return
    options = OpenQuestionsOptions if entry.takes_metric else DatasetOptions
    wrong = list(_checked(options, request.options, "options"))
    yield from wrong or _judge(one, evaluation)
    yield from _path(one)
    yield from _pages(one, evaluation)
    yield from _fixed(one)
    yield from _limit(one)
    if evaluation.model.via == "endpoint":
        yield from _checked(EndpointGeneration, request.generation, "generation")
    if entry.answers_only:
        message = f"there will be answers of {request.label!r} and no score: {entry.answers_only}"
        yield Complaint(("name",), message, refuses=False)


def _judge(one: Wanted, evaluation: Evaluation) -> Iterator[Complaint]:
    name, need = one.request.name, one.entry.judge
    if need == "required" and not evaluation.judge:
        message = f"the answers to {name} are read by a judge: give the task a `judge`"
        yield Complaint(("name",), message)
    elif need == "required" and one.request.options.get("judge"):
        yield Complaint(("options", "judge"), f"{name} cannot be scored by matching texts: leave options.judge out")
    elif need == "none" and one.request.options.get("judge"):
        yield Complaint(("options", "judge"), f"no judge reads the answers to {name}: leave options.judge out")


def _pages(one: Wanted, evaluation: Evaluation) -> Iterator[Complaint]:
    known_as = evaluation.options.get("known_as")
    if one.entry.scheme.kind != PAGES or evaluation.model.via == "endpoint" or known_as in (None, *_SHOWS_PAGES):
        return
    message = f"VLMEvalKit does not know how to show pages to {known_as!r}, only to {', '.join(_SHOWS_PAGES)}"
    yield Complaint(("name",), f"{message}: serve the model, and give it as an endpoint")


def _path(one: Wanted) -> Iterator[Complaint]:
    request, entry = one.request, one.entry
    if entry.own and not one.owns_a_file:
        yield Complaint(("path",), f"{request.name} is your own data: give a file that ends in .tsv as path")
    elif one.owns_a_file and len(entry.tables) > 1:
        files = ", ".join(f"{table}.tsv" for table in entry.tables)
        yield Complaint(("path",), f"{request.name} reads several files: give the folder that holds {files}")
    elif request.path is not None and not one.owns_a_file and request.path.suffix:
        message = f"path is a TSV, or a folder that holds {entry.tables[0]}.tsv; {request.path.name!r} is neither"
        yield Complaint(("path",), message)


def _fixed(one: Wanted) -> Iterator[Complaint]:
    request, tables = one.request, one.entry.tables
    if request.few_shot:
        yield Complaint(("few_shot",), "VLMEvalKit shows a model no examples: leave few_shot out")
    if request.subsets is not None:
        parts = f"its parts are data sets, too: {', '.join(tables)}" if len(tables) > 1 else "it is all of one piece"
        yield Complaint(("subsets",), f"{request.name} has no subsets; {parts}")
    if request.scoring not in {None, "generate"}:
        message = f"VLMEvalKit scores what a model writes: {request.scoring!r} is not one of its ways; leave it out"
        yield Complaint(("scoring",), message)


def _limit(one: Wanted) -> Iterator[Complaint]:
    request, entry = one.request, one.entry
    if request.limit is None:
        return
    if request.limit < 1:
        yield Complaint(("limit",), f"limit must be 1 or more, not {request.limit}")
    elif entry.limit == "whole":
        yield _needs_all(entry, request.label, request.limit, by_default=request.limit_by_default)


def _needs_all(entry: Entry, label: str, limit: int, *, by_default: bool) -> Complaint:
    rows = f"all {entry.rows} rows" if entry.rows else "all rows"
    needs = f"the metric of {entry.name} needs {rows}"
    if by_default:
        return Complaint(("limit",), f"limit {limit} of {label!r} is left out: {needs}", refuses=False)
    return Complaint(("limit",), f"{needs}: leave limit out")


def _checked(model: type[BaseModel], given: Mapping[str, Any], key: str) -> Iterator[Complaint]:
    judges = "judge" in model.model_fields
    for complaint in option_complaints("vlmevalkit", model, given, key):
        if judges and complaint.path[-1] == "judge":
            message = f"{key}.judge is exact_matching, or left out: the judge itself stands at the task"
            yield replace(complaint, message=message)
        else:
            yield complaint
