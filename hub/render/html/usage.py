"""Latency and tokens from the samples: distribution and quantiles, or why they are not known."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite, log
from typing import NamedTuple

from hub.report import JobReport, Report, Sample
from hub.text import show_duration
from hub.usage import quantile

_BINS = 24
_QUANTILES = (0.5, 0.9, 0.99)


@dataclass
class Tally:
    """What was measured over one data set of one job."""

    samples: int = 0
    latency_s: array[float] = field(default_factory=lambda: array("d"))
    tokens_in: array[float] = field(default_factory=lambda: array("d"))
    tokens_out: array[float] = field(default_factory=lambda: array("d"))

    def add(self, sample: Sample) -> None:
        """Take in one sample; what it does not know stays unknown."""
        self.samples += 1
        for name in ("latency_s", "tokens_in", "tokens_out"):
            value = getattr(sample, name)
            if value is not None and isfinite(value) and value >= 0:
                getattr(self, name).append(float(value))


class Bar(NamedTuple):
    """One bar of a histogram, in percent of its box."""

    x: str
    y: str
    width: str
    height: str


class Row(NamedTuple):
    """One data set on one model; `note` says where only some of its samples are known."""

    job: JobReport
    dataset: str
    quantiles: list[str]
    total: str
    bars: list[Bar]
    note: str


class Panel(NamedTuple):
    """One quantity: the data sets for which it is known, and for the others `absent`: reason -> whose."""

    title: str
    summed: bool
    ends: str
    rows: list[Row]
    absent: dict[str, list[str]]


def panels(report: Report, tallies: dict[tuple[str, str], Tally]) -> list[Panel]:
    """Return a panel each for latency, prompt tokens and answer tokens, rows in the report's order."""
    return [_panel(report, tallies, quantity) for quantity in _QUANTITIES]


def _panel(report: Report, tallies: dict[tuple[str, str], Tally], quantity: _Quantity) -> Panel:
    known = []
    absent: dict[str, list[str]] = {}
    for job in report.jobs:
        for dataset in _datasets(job, tallies):
            tally = tallies.get((job.id, dataset), Tally())
            values: array[float] = getattr(tally, quantity.name)
            if values:
                known.append((job, dataset, tally.samples, sorted(values)))
            else:
                reason = _unmeasured(job, quantity.name) if tally.samples else "no samples were written"
                absent.setdefault(reason, []).append(f"{dataset} on {job.model}")
    scale = Scale.over([ordered for *_, ordered in known])
    rows = [_row(job, dataset, (samples, ordered), quantity, scale) for job, dataset, samples, ordered in known]
    ends = f"{quantity.show(scale.low)} to {quantity.show(scale.high)}" if known else ""
    return Panel(quantity.title, quantity.summed, ends, rows, absent)


def _datasets(job: JobReport, tallies: dict[tuple[str, str], Tally]) -> list[str]:
    named = [result.dataset for result in job.results]
    return list(dict.fromkeys([*named, *(dataset for owner, dataset in tallies if owner == job.id)]))


def _unmeasured(job: JobReport, name: str) -> str:
    if name != "latency_s":
        return f"{job.backend} recorded no number of tokens per sample"
    if job.via == "in_job":
        return f"{job.backend} recorded no time per sample: the weights were loaded in the job"
    return f"{job.backend} recorded no time per sample"


def _row(job: JobReport, dataset: str, measured: tuple[int, list[float]], quantity: _Quantity, scale: Scale) -> Row:
    samples, ordered = measured
    note = f"of {len(ordered):,} of {samples:,} samples" if len(ordered) < samples else ""
    quantiles = [quantity.show(quantile(ordered, share)) for share in _QUANTILES]
    return Row(job, dataset, quantiles, quantity.show(sum(ordered)), histogram(ordered, scale), note)


def _whole(value: float) -> str:
    return f"{value:,.0f}"


class _Quantity(NamedTuple):
    """What is measured, and how it is said."""

    title: str
    name: str
    show: Callable[[float], str]
    summed: bool


_QUANTITIES = (
    _Quantity("Latency per sample", "latency_s", show_duration, summed=False),
    _Quantity("Prompt tokens", "tokens_in", _whole, summed=True),
    _Quantity("Answer tokens", "tokens_out", _whole, summed=True),
)


class Scale(NamedTuple):
    """The axis that a panel's histograms share; of logarithms where it spans more than tenfold."""

    low: float
    high: float

    @classmethod
    def over(cls, measured: list[list[float]]) -> Scale:
        """Return the axis that holds every one of these ordered lists."""
        return cls(
            min((values[0] for values in measured), default=0), max((values[-1] for values in measured), default=0)
        )

    def bin(self, value: float) -> int:
        """Return the bin that a value falls into."""
        if self.low == self.high:
            return _BINS // 2
        place = log if self.low > 0 and self.high / self.low > 10 else float
        share = (place(value) - place(self.low)) / (place(self.high) - place(self.low))
        return min(_BINS - 1, int(share * _BINS))


def histogram(values: list[float], scale: Scale) -> list[Bar]:
    """Return the bars of the bins that are not empty."""
    counts = Counter(scale.bin(value) for value in values)
    tallest, step = max(counts.values()), 100 / _BINS
    return [
        Bar(f"{index * step:.2f}%", f"{100 - height:.1f}%", f"{step * 0.85:.2f}%", f"{height:.1f}%")
        for index, count in sorted(counts.items())
        for height in [max(4.0, 100 * count / tallest)]
    ]
