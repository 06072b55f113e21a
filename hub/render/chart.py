"""A schedule as a chart in text, and as JSON: what is expected to run when, on which GPUs, beside which servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from hub.demand import Workload
from hub.text import count_of, show_duration

_WIDTH = 40


class _Row(NamedTuple):
    began_s: float
    rank: int  # a server stands above its jobs
    name: str
    where: str
    ended_s: float
    ink: str


def chart_lines(work: Workload) -> Iterator[str]:
    """Yield the chart: one line for each job and each time of a server, in the order of their beginnings."""
    schedule = work.schedule()
    at_once = (
        f"up to {count_of(work.capacity.slots, 'job')} at once" if work.capacity.slots > 1 else "one job at a time"
    )
    yield f"schedule ({at_once}; {_basis(work)})"
    rows = sorted(_rows(work))
    names = max((len(row.name) for row in rows), default=0)
    places = max((len(row.where) for row in rows), default=0)
    for row in rows:
        bar = _bar(row, schedule.seconds)
        yield f"  {row.name:<{names}}  {row.where:<{places}}  {bar}".rstrip()
    for job in schedule.never:
        yield f"  {job}: never, for want of GPUs"


def schedule_to_json(work: Workload) -> dict[str, Any]:
    """Return the schedule as JSON-able data; times are expectations, in seconds from its beginning."""
    schedule = work.schedule()
    return {
        "at_once": work.capacity.slots,
        "timed": list(work.timed),
        "jobs": [
            {
                "job": bar.job,
                "begins_s": round(bar.began_s, 1),
                "ends_s": round(bar.ended_s, 1),
                "gpus": list(bar.devices),
                "servers": list(bar.servers),
            }
            for bar in schedule.bars
        ],
        "servers": [
            {
                "server": stint.model,
                "begins_s": round(stint.began_s, 1),
                "ends_s": round(stint.ended_s, 1),
                "gpus": list(stint.devices),
            }
            for stint in schedule.stints
        ],
        "never": list(schedule.never),
    }


def _basis(work: Workload) -> str:
    """Return what the lengths of the bars rest on."""
    if not work.timed:
        return "how long they take is not known: all count alike"
    total = show_duration(work.schedule().seconds)
    if len(work.timed) == len(work.items):
        return f"about {total}, by the number of calls"
    return f"about {total}, by the number of calls where it is known"


def _rows(work: Workload) -> Iterator[_Row]:
    schedule = work.schedule()
    for stint in schedule.stints:
        yield _Row(stint.began_s, 0, f"server {stint.model}", _gpus(stint.devices), stint.ended_s, "-")
    for bar in schedule.bars:
        where = ", ".join(filter(None, (_gpus(bar.devices), *(f"server {model}" for model in bar.servers))))
        yield _Row(bar.began_s, 1, bar.job, where, bar.ended_s, "#")


def _gpus(devices: tuple[str, ...]) -> str:
    return f"GPU {', '.join(devices)}" if devices else ""


def _bar(row: _Row, whole_s: float) -> str:
    first = round(row.began_s / whole_s * _WIDTH) if whole_s else 0
    last = round(row.ended_s / whole_s * _WIDTH) if whole_s else 1
    first = min(first, _WIDTH - 1)
    return " " * first + row.ink * max(1, last - first)
