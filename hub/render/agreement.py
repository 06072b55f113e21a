"""How far two backends agree, in sentences: for the terminal, for Markdown and for the page alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hub.report import Agreement, Report
from hub.text import count_of


class Told(NamedTuple):
    """One agreement for a reader; `first` and `second` are what its sides are called."""

    agreement: Agreement
    first: str
    second: str
    sentences: list[str]


def told_agreements(report: Report) -> Iterator[Told]:
    """Yield every agreement of a report with its sentences."""
    backends = {job.id: job.backend for job in report.jobs}
    for agreement in report.agreements:
        names = [f"{backends.get(side.job, side.job)}" for side in (agreement.first, agreement.second)]
        yield Told(agreement, names[0], names[1], list(_sentences(agreement, names[0], names[1])))


def _sentences(found: Agreement, first: str, second: str) -> Iterator[str]:
    alone = [(first, found.first.unmatched), (second, found.second.unmatched)]
    missing = ", ".join(f"{count:,} of {name}'s" for name, count in alone if count)
    besides = f"; without a partner: {missing}" if missing else ""
    yield f"{count_of(found.matched, 'question')} of {found.benchmark} both asked {found.model}{besides}."
    if not found.matched:
        return
    yield (
        f"Right by {first}: {found.both + found.only_first:,}, by {second}: {found.both + found.only_second:,}. "
        f"They agree on {found.both + found.neither:,} ({found.both:,} right, {found.neither:,} wrong)."
    )
    if found.p_value is None:
        return
    apart = found.only_first + found.only_second
    yield (
        f"Right by {first} alone: {found.only_first:,}, by {second} alone: {found.only_second:,}; so uneven a split "
        f"comes by chance with p = {found.p_value:.2g} (McNemar's exact test)."
    )
    if found.same_answer:
        yield (
            f"In {found.same_answer:,} of these {apart:,} the model said the same to both: how the answer was read "
            "is what differs."
        )
