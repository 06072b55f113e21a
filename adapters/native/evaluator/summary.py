"""Sum up a data set: counts and metrics per subset, and over all of them."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.native.catalog import benchmarks
from adapters.native.contract import NativeDataset
from adapters.native.evaluator.dataset import Subset, fingerprint
from adapters.native.evaluator.request import Outcome
from adapters.native.evaluator.score import Scored
from adapters.runtime.statistics import estimate

ERRORS_SHOWN = 5


@dataclass
class Tally:
    """The fates of one subset's samples, and the scores of those that were scored."""

    planned: int
    states: Counter[str] = field(default_factory=Counter)
    unparsed: int = 0
    truncated: int = 0
    scores: dict[str, list[float]] = field(default_factory=dict)
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

    def merged(self, other: Tally) -> Tally:
        """Return both as one."""
        names = [*self.scores, *(name for name in other.scores if name not in self.scores)]
        return Tally(
            planned=self.planned + other.planned,
            states=self.states + other.states,
            unparsed=self.unparsed + other.unparsed,
            truncated=self.truncated + other.truncated,
            scores={name: self.scores.get(name, []) + other.scores.get(name, []) for name in names},
            errors=self.errors + other.errors,
        )


def dataset_entry(
    dataset: NativeDataset, subsets: Sequence[Subset], tallies: Mapping[str, Tally], *, absent: str
) -> dict[str, Any]:
    """Return a data set's part of the summary; with several subsets, `aggregate` is the mean over all samples."""
    entries = {subset.name: _part(tallies[subset.name], subset.data, subset.prompt) for subset in subsets}
    entry = head(dataset) | {"absent": absent, "subsets": entries, "aggregate": None}
    if len(subsets) > 1:
        whole = Tally(0)
        for tally in tallies.values():
            whole = whole.merged(tally)
        data = fingerprint({subset.name: subset.data for subset in subsets})
        entry["aggregate"] = _part(whole, data, fingerprint({subset.name: subset.prompt for subset in subsets}))
    return entry


def absent_entry(dataset: NativeDataset, reason: str) -> dict[str, Any]:
    """Return the part of a data set of which nothing was asked."""
    return head(dataset) | {"absent": reason, "subsets": {}, "aggregate": None}


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
    counts |= {state: tally.states[state] for state in ("model_error", "infra_error", "skipped")}
    metrics = {name: dataclasses.asdict(estimate(scores)) for name, scores in tally.scores.items()}
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
