"""What each job asked of its models, in words and numbers for every renderer alike."""

from __future__ import annotations

from collections.abc import Iterator
from math import floor, log10
from typing import NamedTuple

from hub.report import JobReport, Quantiles, Report, Usage
from hub.text import count_of, show_duration

HEADER = (
    *("job", "role", "calls", "cached", "failed", "requests", "retries", "tokens in", "tokens out"),
    *("p50", "p90", "p99", "cost"),
)
_UNKNOWN = "not known"
_FAILURES = {
    "invalid_request": "could not be answered as asked",
    "upstream_unreachable": "did not reach the server",
    "upstream_timeout": "got no answer in time",
    "upstream_error": "got an error from the server",
    "upstream_invalid": "got something that is no answer",
    "upstream_down": "not sent: the server was down",
    "budget_spent": "not sent: the budget was spent",
    "gateway_error": "could not be kept by evaldock",
}


class UsageRow(NamedTuple):
    """One role of one job; what the columns cannot say is in `notes`."""

    job: JobReport
    role: str
    calls: str
    cached: str
    failed: str
    requests: str
    retries: str
    tokens_in: str
    tokens_out: str
    latency: tuple[str, str, str]
    cost: str
    notes: tuple[str, ...]

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the columns of HEADER."""
        counted = (self.calls, self.cached, self.failed, self.requests, self.retries, self.tokens_in, self.tokens_out)
        return (self.job.id, self.role, *counted, *self.latency, self.cost)


def usage_rows(report: Report) -> Iterator[UsageRow]:
    """Yield a row for each role of each job, in the report's order."""
    for job in report.jobs:
        for usage in job.usage:
            yield UsageRow(
                job=job,
                role=usage.role,
                calls=f"{usage.calls:,}",
                cached=_cached(usage),
                failed=f"{usage.failed:,}",
                requests=f"{usage.requests:,}",
                retries=f"{usage.retries:,}",
                tokens_in=_known(usage.tokens_in),
                tokens_out=_known(usage.tokens_out),
                latency=_times(usage.latency),
                cost=show_cost(usage),
                notes=tuple(_notes(job, usage)),
            )


def usage_line(job: JobReport, usage: Usage) -> str:
    """Return one line for a terminal: what is zero, or not known, is left out."""
    parts = [
        f"{_cached(usage)} from the cache" if usage.cached else "",
        f"{usage.failed:,} failed" if usage.failed else "",
        _sent(usage),
        f"{usage.tokens_in or 0:,} tokens in, {usage.tokens_out or 0:,} out" if usage.tokens_in is not None else "",
        _line_of_times(usage.latency),
        show_cost(usage),
        f"{job.starts} starts" if job.starts > 1 else "",
    ]
    asked = "once" if usage.calls == 1 else f"{usage.calls:,} times"
    return f"{job.id} asked the {usage.role} {asked}: {'; '.join(part for part in parts if part)}".removesuffix(": ")


def show_cost(usage: Usage) -> str:
    """Return what was paid, or nothing where there are no prices; small sums keep two digits that count."""
    if not usage.currency:
        return ""
    if usage.cost is None:
        return _UNKNOWN
    digits = 2 if usage.cost >= 0.1 or not usage.cost else 1 - floor(log10(usage.cost))
    amount = f"{usage.cost:,.{digits}f}"
    return f"{'at least ' if usage.uncounted else ''}{amount} {usage.currency}"


def _notes(job: JobReport, usage: Usage) -> Iterator[str]:
    for outcome, count in sorted(usage.failures.items(), key=lambda each: (-each[1], each[0])):
        yield f"{count:,} {_FAILURES.get(outcome, outcome)}"
    if usage.ttft:
        yield f"first byte: {_line_of_times(usage.ttft)}"
    if usage.undelivered:
        yield f"{usage.undelivered:,} given up by the backend before the answer came"
    if usage.uncounted:
        yield f"{count_of(usage.uncounted, 'answer')} without a count of tokens, missing in the sums"
    if usage.paid_tokens_in != usage.tokens_in or usage.paid_tokens_out != usage.tokens_out:
        yield f"all requests together: {_known(usage.paid_tokens_in)} tokens in, {_known(usage.paid_tokens_out)} out"
    if job.starts > 1:
        yield f"answered in {job.starts} starts: requests, times and cost are of all, the rest of the last"


def _cached(usage: Usage) -> str:
    share = f" ({100 * usage.cached / usage.calls:.0f} %)" if usage.cached else ""
    return f"{usage.cached:,}{share}"


def _sent(usage: Usage) -> str:
    retries = f" ({'1 retry' if usage.retries == 1 else f'{usage.retries:,} retries'})" if usage.retries else ""
    return f"{count_of(usage.requests, 'request')}{retries}" if usage.requests else ""


def _known(count: int | None) -> str:
    return _UNKNOWN if count is None else f"{count:,}"


def _times(quantiles: Quantiles | None) -> tuple[str, str, str]:
    if quantiles is None:
        return "", "", ""
    p50, p90, p99 = (show_duration(value / 1000) for value in (quantiles.p50, quantiles.p90, quantiles.p99))
    return p50, p90, p99


def _line_of_times(quantiles: Quantiles | None) -> str:
    p50, p90, p99 = _times(quantiles)
    return f"p50 {p50}, p90 {p90}, p99 {p99}" if p50 else ""
