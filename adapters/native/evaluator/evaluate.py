"""Evaluate one data set: ask the model, score as answers come, sum up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from adapters.native.contract import NativeDataset, NativeTask
from adapters.native.evaluator.collector import Asked, Collector
from adapters.native.evaluator.dataset import Subset, load_subsets
from adapters.native.evaluator.errors import EndedError, EvaluationError
from adapters.native.evaluator.judges import Beside
from adapters.native.evaluator.prompts import Prompter
from adapters.native.evaluator.record import Record
from adapters.native.evaluator.request import Generation, Model, Request
from adapters.native.evaluator.sandbox.box import SandboxError
from adapters.native.evaluator.summary import dataset_entry
from adapters.runtime import job
from adapters.runtime.gateway import WAITS_S


def evaluate(dataset: NativeDataset, model: Model, record: Record, task: NativeTask) -> dict[str, Any]:
    """Evaluate a data set and return its part of the summary; `absent` in it says why it is not whole.

    One that is not whole has a value only where its samples were asked in order, so that it is that of a beginning.

    Raises:
        EvaluationError: its data or its prompts are wrong, so that nothing was asked.
    """
    subsets = load_subsets(dataset, job.path(dataset.path), seed=task.seed)
    asked = _requests(dataset, subsets, chat=model.chat)
    absent = ""
    with Collector(dataset, asked, record, _grading(dataset, asked, task)) as collector:
        try:
            model.answer(dataset.label, [entry.request for entry in asked], collector.deliver)
            collector.finish(lambda: model.ended)
            job.event("finished", dataset=dataset.label)
        except EvaluationError as error:
            absent = error.advice
            collector.skip_rest(error.reason)
            if not model.in_order or isinstance(error, SandboxError):  # wrong answers need no sandbox to be seen
                collector.forget_scores()
            if not isinstance(error, EndedError):  # whoever ended it says why, and that it was in this data set
                job.event("failed", reason=f"{dataset.label}: {error.reason}", hint=error.hint)
                job.event("finished", dataset=dataset.label)
        return dataset_entry(dataset, subsets, collector.sum_up(), absent=absent)


def _grading(dataset: NativeDataset, asked: Sequence[Asked], task: NativeTask) -> Beside | None:
    """Return who has answers graded by the task's judge; None where no judge is to be asked."""
    if dataset.way.extract != "verdict":
        return None
    from adapters.native.evaluator.grading import Case, Grading
    from adapters.native.evaluator.models.exchange import Exchange

    url, most, timeout_s = job.gateway_url("judge", dataset.label), task.concurrency, task.request_timeout_s
    cases = [Case(entry.request.id, entry.item) for entry in asked]
    return Grading(lambda: Exchange(url, connections=most, timeout_s=timeout_s, waits_s=WAITS_S), cases, most=most)


def _requests(dataset: NativeDataset, subsets: Sequence[Subset], *, chat: bool) -> list[Asked]:
    """Return all requests, those of every subset in its order, and all subsets abreast.

    So whatever a data set has come to when it is broken off, it has come to the same share of each of its subsets.
    A question that is asked several times is asked so at once: whole questions are done first.
    """
    prompter = Prompter(dataset, chat=chat)
    placed = [
        (place / len(subset.items), Asked(subset.name, item, request))
        for subset in subsets
        for place, item in enumerate(subset.items)
        for request in _repeated(prompter.request(item, subset.shots, f"{subset.name}/{item.id}"), dataset.repeats)
    ]
    return [asked for _, asked in sorted(placed, key=lambda entry: entry[0])]


def _repeated(request: Request, times: int) -> Iterator[Request]:
    """Yield a request as often as it is to be asked, under a name and, where answers are drawn, a seed of its own.

    The name keeps them apart in the gateway's cache and in what is resumed; a server may draw by the seed alone.
    """
    if times == 1 or not isinstance(request, Generation):
        yield request
        return
    for number in range(times):
        own = {"seed": request.parameters["seed"] + number} if "seed" in request.parameters else {}
        yield replace(request, id=f"{request.id}#{number + 1}", parameters={**request.parameters, **own})
