"""Evaluate one data set: ask the model, score as answers come, sum up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.native.contract import NativeDataset
from adapters.native.evaluator.dataset import Subset, load_subsets
from adapters.native.evaluator.errors import EndedError, EvaluationError
from adapters.native.evaluator.items import Item
from adapters.native.evaluator.progress import Progress
from adapters.native.evaluator.prompts import Prompter
from adapters.native.evaluator.record import Record
from adapters.native.evaluator.request import Model, Outcome, Request
from adapters.native.evaluator.score import Scored, score
from adapters.native.evaluator.summary import Tally, dataset_entry
from adapters.runtime import job


@dataclass(frozen=True)
class _Asked:
    """One request with what is needed to score it."""

    subset: str
    item: Item
    request: Request


@dataclass
class _Collector:
    """Turns outcomes into sample lines and tallies."""

    dataset: NativeDataset
    asked: Sequence[_Asked]
    record: Record
    progress: Progress
    tallies: dict[str, Tally] = field(default_factory=dict)
    delivered: set[int] = field(default_factory=set)

    def skip_rest(self, reason: str) -> None:
        for index in range(len(self.asked)):
            if index not in self.delivered:
                self.deliver(index, Outcome("skipped", error=reason))

    def forget_scores(self) -> None:
        for tally in self.tallies.values():
            tally.forget()

    def deliver(self, index: int, outcome: Outcome) -> None:
        self.delivered.add(index)
        asked = self.asked[index]
        scored = score(asked.item, outcome, self.dataset) if outcome.state == "scored" else None
        self.tallies[asked.subset].add(outcome, scored)
        self.record.sample(self.dataset.label, asked.subset, _line(self.dataset, asked, outcome, scored))
        self.progress.step(error=outcome.state != "scored")


def evaluate(dataset: NativeDataset, model: Model, record: Record, *, seed: int) -> dict[str, Any]:
    """Evaluate a data set and return its part of the summary; `absent` in it says why it is not whole.

    One that is not whole has a value only where its samples were asked in order, so that it is that of a beginning.

    Raises:
        EvaluationError: its data or its prompts are wrong, so that nothing was asked.
    """
    subsets = load_subsets(dataset, job.path(dataset.path), seed=seed)
    asked = _requests(dataset, subsets, chat=model.chat)
    collector = _Collector(dataset, asked, record, Progress(dataset.label, len(asked)))
    collector.tallies = {subset.name: Tally(len(subset.items)) for subset in subsets}
    absent = ""
    try:
        model.answer(dataset.label, [entry.request for entry in asked], collector.deliver)
        job.event("finished", dataset=dataset.label)
    except EvaluationError as error:
        absent = error.advice
        collector.skip_rest(error.reason)
        if not model.in_order:
            collector.forget_scores()
        if not isinstance(error, EndedError):  # whoever ended it says why, and that it was in this data set
            job.event("failed", reason=f"{dataset.label}: {error.reason}", hint=error.hint)
            job.event("finished", dataset=dataset.label)
    return dataset_entry(dataset, subsets, collector.tallies, absent=absent)


def _requests(dataset: NativeDataset, subsets: Sequence[Subset], *, chat: bool) -> list[_Asked]:
    """Return all requests, those of every subset in its order, and all subsets abreast.

    So whatever a data set has come to when it is broken off, it has come to the same share of each of its subsets.
    """
    prompter = Prompter(dataset, chat=chat)
    placed = [
        (
            place / len(subset.items),
            _Asked(subset.name, item, prompter.request(item, subset.shots, _name(subset, item))),
        )
        for subset in subsets
        for place, item in enumerate(subset.items)
    ]
    return [asked for _, asked in sorted(placed, key=lambda entry: entry[0])]


def _name(subset: Subset, item: Item) -> str:
    return f"{subset.name}/{item.id}"


def _line(dataset: NativeDataset, asked: _Asked, outcome: Outcome, scored: Scored | None) -> Mapping[str, Any]:
    """Return a sample in the shape of the hub's Sample, with what only Native knows behind it."""
    return {
        "id": asked.request.id,
        "dataset": dataset.label,
        "subset": asked.subset,
        "state": outcome.state,
        "prompt": asked.request.prompt,
        "prediction": scored.prediction if scored else outcome.text,
        "answer": scored.answer if scored else None,
        "gold": asked.item.gold,
        "scores": scored.scores if scored else {},
        "error": outcome.error,
        "latency_s": outcome.latency_s,
        "tokens_in": outcome.tokens_in,
        "tokens_out": outcome.tokens_out,
        "truncated": outcome.truncated,
        "likelihoods": outcome.likelihoods,
    }
