"""Sum up a data set: counts and metrics per subset, and over all of them."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from adapters.native.catalog import benchmarks
from adapters.native.contract import NativeDataset
from adapters.native.evaluator.dataset import Subset, fingerprint
from adapters.native.evaluator.request import Outcome
from adapters.native.evaluator.score import Scored
from adapters.runtime.statistics import estimate, macro_estimate, ratio_estimate

ERRORS_SHOWN = 5
T = TypeVar("T")


@dataclass
class Tally:
    """The fates of one subset's samples, and the scores of those that were scored."""

    planned: int
    states: Counter[str] = field(default_factory=Counter)
    unparsed: int = 0
    truncated: int = 0
    scores: dict[str, list[float]] = field(default_factory=dict)
    parts: dict[str, list[tuple[float, ...]]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: Outcome, scored: Scored | None) -> None:
        """Count one sample."""
        self.states[outcome.state] += 1
        self.truncated += outcome.truncated
        if scored is None:
            self.errors[outcome.error] += 1
            return
        self.unparsed += scored.answer is None
        for name, value in scored.scores.items():
            self.scores.setdefault(name, []).append(value)
        for name, values in scored.parts.items():
            self.parts.setdefault(name, []).append(values)

    def forget(self) -> None:
        """Drop the scores: they are not those of a part that stands for the whole."""
        self.scores.clear()
        self.parts.clear()

    def merged(self, other: Tally) -> Tally:
        """Return both as one."""
        return Tally(
            planned=self.planned + other.planned,
            states=self.states + other.states,
            unparsed=self.unparsed + other.unparsed,
            truncated=self.truncated + other.truncated,
            scores=_joined(self.scores, other.scores),
            parts=_joined(self.parts, other.parts),
            errors=self.errors + other.errors,
        )


def _joined(first: Mapping[str, list[T]], second: Mapping[str, list[T]]) -> dict[str, list[T]]:
    return {name: [*first.get(name, []), *second.get(name, [])] for name in {**first, **second}}


def dataset_entry(
    dataset: NativeDataset, subsets: Sequence[Subset], tallies: Mapping[str, Tally], *, absent: str
) -> dict[str, Any]:
    """Return a data set's part of the summary; with several subsets, `aggregate` is the mean over all samples.

    So is the part of a category. `macro` in both is the mean over their subsets, of the headline.
    """
    entries = {subset.name: _part(tallies[subset.name], subset.data, subset.prompt) for subset in subsets}
    entry = head(dataset) | {"absent": absent, "subsets": entries, "aggregate": None, "categories": {}}
    if len(subsets) > 1:
        entry["aggregate"] = _whole(dataset, subsets, tallies)
        for category, names in benchmarks()[dataset.benchmark].categories.items():
            inside = [subset for subset in subsets if subset.name in names]
            if inside:
                named = {"subsets": [subset.name for subset in inside]}
                entry["categories"][category] = named | _whole(dataset, inside, tallies)
    return entry


def _whole(dataset: NativeDataset, subsets: Sequence[Subset], tallies: Mapping[str, Tally]) -> dict[str, Any]:
    """Sum several subsets up: over all samples, and the headline also as the mean of the subsets' means."""
    whole = Tally(0)
    for subset in subsets:
        whole = whole.merged(tallies[subset.name])
    data = fingerprint({subset.name: subset.data for subset in subsets})
    part = _part(whole, data, fingerprint({subset.name: subset.prompt for subset in subsets}))
    headline = dataset.way.metrics[0]
    scores = [tallies[subset.name].scores.get(headline, []) for subset in subsets]
    if all(scores):
        part["metrics"][f"{headline}_macro"] = dataclasses.asdict(macro_estimate(scores))
    return part


def absent_entry(dataset: NativeDataset, reason: str) -> dict[str, Any]:
    """Return the part of a data set of which nothing was asked."""
    return head(dataset) | {"absent": reason, "subsets": {}, "aggregate": None, "categories": {}}


def head(dataset: NativeDataset) -> dict[str, Any]:
    """Return how the data set was asked."""
    return {
        "benchmark": dataset.benchmark,
        "benchmark_version": benchmarks()[dataset.benchmark].version,
        "scoring": dataset.scoring,
        "split": dataset.split,
        "few_shot": dataset.few_shot,
        "limit": dataset.limit,
        "generation": dataset.drawing,
        "metrics": list(dataset.way.metrics),
    }


def _part(tally: Tally, data: str, prompt: str) -> dict[str, Any]:
    counts = {"planned": tally.planned, "scored": tally.states["scored"], "unparsed": tally.unparsed}
    counts |= {state: tally.states[state] for state in ("model_error", "infra_error", "judge_fallback", "skipped")}
    found = {name: estimate(scores) for name, scores in tally.scores.items()}
    # Of no part at all, as of no answer that was attempted, there is no mean.
    found |= {name: ratio_estimate(parts) for name, parts in tally.parts.items() if any(parts)}
    metrics = {name: dataclasses.asdict(value) for name, value in found.items()}
    # By count, then by name: not by who happened to come first.
    errors = sorted(tally.errors.items(), key=lambda entry: (-entry[1], entry[0]))[:ERRORS_SHOWN]
    return {
        "data": data,
        "prompt": prompt,
        "counts": counts,
        "truncated": tally.truncated,
        "errors": [{"reason": reason, "count": count} for reason, count in errors],
        "metrics": metrics,
    }
