"""Averages over the parts of a data set, as OpenCompass's own summaries compute them; with a part missing, none."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from adapters.opencompass.catalog import Entry
from adapters.opencompass.figures import mean
from adapters.opencompass.output import PartOutput
from hub.report import Counts, Metric, Raw, Result, ResultKey, Source

_NO_INTERVAL = "an average over subsets: theirs have intervals"


class Mean(NamedTuple):
    """One way to average: the metric's name, how it is had in words, and the weights; a plain mean has none."""

    metric: str
    how: str = "mean"
    weights: tuple[float, ...] | None = None


def means_of_all(entry: Entry, parts: Sequence[PartOutput]) -> tuple[Mean, ...]:
    """Return how all of a data set is averaged: as OpenCompass shows it, and then with other weights."""
    rows = tuple(float(part.planned) for part in parts)
    if not entry.weights:
        return (Mean(entry.metric), Mean(f"{entry.metric}_weighted", "mean weighted by rows", rows))
    points = tuple(float(entry.weights[str(part.subset)]) for part in parts)
    return (
        Mean(entry.metric, "mean weighted by points", points),
        Mean(f"{entry.metric}_mean"),
        Mean(f"{entry.metric}_weighted_by_rows", "mean weighted by rows", rows),
    )


def average(found: Sequence[Result], key: ResultKey, means: Sequence[Mean], place: str) -> Result:
    """Return the result over some parts, `found`; one that is missing makes no smaller average, but none.

    `place` is where their results lie, for the metric's source.
    """
    fingerprints = {name: _digest([getattr(result.key, name) for result in found]) for name in ("prompt", "data")}
    counts = _sum([result.counts for result in found])
    result = Result(dataset=found[0].dataset, key=key.model_copy(update=fingerprints), counts=counts)
    gaps = [result for result in found if not result.metrics]
    if gaps:
        what = "1 subset has" if len(gaps) == 1 else f"{len(gaps)} subsets have"
        absent = f"{what} no score ({gaps[0].key.subset}: {gaps[0].absent}), so there is no average"
        return result.model_copy(update={"absent": absent})
    headlines = [result.metrics[0] for result in found]
    metrics = tuple(_metric(one, headlines, place) for one in means)
    return result.model_copy(update={"metrics": metrics, "backend_value": metrics[0].raw.literal})


def _metric(one: Mean, headlines: Sequence[Metric], place: str) -> Metric:
    value = mean([float(metric.raw.literal) for metric in headlines], one.weights)
    like = headlines[0].raw
    names = dict.fromkeys(metric.source.key for metric in headlines)
    return Metric(
        name=one.metric,
        raw=Raw(literal=repr(value), unit=like.unit, maximum=like.maximum),
        value=None if like.maximum is None else value / like.maximum,
        uncertainty_absent=_NO_INTERVAL,
        higher_is_better=headlines[0].higher_is_better,
        source=Source(file=place, key=f"{one.how} of {' and '.join(names)}"),
    )


def _sum(every: Sequence[Counts]) -> Counts:
    return Counts(**{name: sum(getattr(counts, name) for counts in every) for name in Counts.model_fields})


def _digest(fingerprints: Sequence[str]) -> str:
    if not all(fingerprints):
        return ""
    return f"sha256:{hashlib.sha256(chr(10).join(fingerprints).encode()).hexdigest()[:16]}"
