"""Scores as the page draws them: a dot with its 95 % confidence interval per row, and a heat map over subsets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hub.render.groups import Entry, Group
from hub.render.rows import show_absent, show_how, show_interval, show_value
from hub.report import Metric

HEAT_LEVELS = 10


class Mark(NamedTuple):
    """Where a score is drawn, in percent of the axis; `low` and `high` are "" where there is no interval."""

    at: str
    low: str
    high: str
    span: str


class ScoreRow(NamedTuple):
    """One row: whose number, the number, what it stands on; `missing` says why there is none."""

    entry: Entry
    score: str
    interval: str
    scored: str
    complete: bool
    how: str
    mark: Mark | None
    missing: str


class Block(NamedTuple):
    """All rows of one metric."""

    metric: str
    lower_is_better: bool
    rows: list[ScoreRow]


class Cell(NamedTuple):
    """One cell of a heat map: `level` 0 to 10, None where there is no number on a scale."""

    text: str
    level: int | None
    note: str


class HeatMap(NamedTuple):
    """Subsets (rows) by who was measured (columns)."""

    metric: str
    columns: list[str]
    rows: list[tuple[str, list[Cell]]]


def blocks(group: Group) -> tuple[list[Block], list[Block]]:
    """Return the metrics that lead a result, and the other ones."""
    names = dict.fromkeys(metric.name for entry in group.wholes for metric in entry.result.metrics)
    leading = {entry.result.metrics[0].name for entry in group.wholes if entry.result.metrics}
    made = [_block(name, group) for name in names]
    head = [block for block in made if block.metric in leading]
    lost = [_missing(entry) for entry in group.wholes if not entry.result.metrics]
    if lost and head:
        head[0] = head[0]._replace(rows=head[0].rows + lost)
    elif lost:
        head = [Block("", lower_is_better=False, rows=lost)]
    return head, [block for block in made if block.metric not in leading]


def _block(name: str, group: Group) -> Block:
    found = [(entry, metric) for entry in group.wholes for metric in entry.result.metrics if metric.name == name]
    lower = any(not metric.higher_is_better for _, metric in found)
    return Block(name, lower, [_row(entry, metric) for entry, metric in found])


def _row(entry: Entry, metric: Metric) -> ScoreRow:
    counts = entry.result.counts
    interval = show_interval(metric) or metric.uncertainty_absent or "not known"
    return ScoreRow(
        entry=entry,
        score=show_value(metric),
        interval=interval,
        scored=f"{counts.scored:,}/{counts.planned:,}",
        complete=counts.complete,
        how=show_how(entry.result),
        mark=_mark(metric),
        missing="",
    )


def _missing(entry: Entry) -> ScoreRow:
    counts = entry.result.counts
    reason = show_absent(entry.result)
    scored = f"{counts.scored:,}/{counts.planned:,}"
    return ScoreRow(entry, "none", "", scored, complete=False, how=show_how(entry.result), mark=None, missing=reason)


def _mark(metric: Metric) -> Mark | None:
    if metric.value is None or not 0 <= metric.value <= 1:
        return None
    at = f"{metric.value * 100:.2f}%"
    if metric.ci95 is None:
        return Mark(at, "", "", "")
    low, high = (min(1.0, max(0.0, end)) for end in metric.ci95)
    return Mark(at, f"{low * 100:.2f}%", f"{high * 100:.2f}%", f"{(high - low) * 100:.2f}%")


def heat_map(group: Group) -> HeatMap | None:
    """Return the leading metric over subsets, None where no data set has several."""
    if not group.parts:
        return None
    metric = next((entry.result.metrics[0].name for entry in group.parts if entry.result.metrics), "")
    columns = list(dict.fromkeys(_column(entry) for entry in group.parts))
    cells = {(entry.result.key.subset or "", _column(entry)): _cell(entry, metric) for entry in group.parts}
    subsets = dict.fromkeys(entry.result.key.subset or "" for entry in group.parts)
    absent = Cell("none", None, "not part of this job")
    return HeatMap(
        metric, columns, [(name, [cells.get((name, column), absent) for column in columns]) for name in subsets]
    )


def _column(entry: Entry) -> str:
    return f"{entry.job.model} on {entry.job.backend}"


def _cell(entry: Entry, name: str) -> Cell:
    counts = entry.result.counts
    for metric in _named(entry, name):
        level = None if metric.value is None else round(min(1.0, max(0.0, metric.value)) * HEAT_LEVELS)
        note = f"{counts.scored:,} of {counts.planned:,} scored"
        return Cell(show_value(metric), level, "; ".join(part for part in (note, entry.result.caveat) if part))
    return Cell("none", None, f"no {name}" if entry.result.metrics else show_absent(entry.result))


def _named(entry: Entry, name: str) -> Iterator[Metric]:
    return (metric for metric in entry.result.metrics if metric.name == name)
