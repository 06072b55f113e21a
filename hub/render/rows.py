"""A report as rows of text, for every renderer alike: percent is for screens, 0-1 stays in files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hub.report import JobReport, Metric, Report, Result
from hub.text import count_of, show_duration

HEADER = ("model", "backend", "data set", "subset", "metric", "score", "95 % CI", "scored", "how")


class Row(NamedTuple):
    """One line of the results table."""

    model: str
    backend: str
    dataset: str
    subset: str
    metric: str
    score: str
    interval: str
    scored: str
    how: str


def result_rows(report: Report, *, most: int | None = None) -> Iterator[Row]:
    """Yield a row per metric, and a row with the reason where a result or a job has none.

    Of a result with more than `most` metrics the first ones are shown, and how many there are more; how it was had is
    then said once.
    """
    for job in report.jobs:
        if not job.results:
            yield Row(job.model, job.backend, "", "", "", "none", "", "0", job.reason or job.state.value)
        for result in job.results:
            yield from _rows_of(job, result, most)


def _rows_of(job: JobReport, result: Result, most: int | None) -> Iterator[Row]:
    subset = result.key.subset or "all"
    planned = f"/{result.counts.planned}" if result.counts.planned else ""  # 0: how many there are is not known
    counts = f"{result.counts.scored}{planned}"
    if not result.metrics:
        yield Row(job.model, job.backend, result.dataset, subset, "", "none", "", counts, show_absent(result))
    for number, metric in enumerate(result.metrics[:most]):
        how = show_how(result) if most is None or not number else ""
        yield Row(
            job.model,
            job.backend,
            result.dataset,
            subset,
            metric.name,
            show_value(metric),
            show_interval(metric),
            counts,
            how,
        )
    if most is not None and len(result.metrics) > most:
        more = f"and {len(result.metrics) - most} more"
        yield Row(job.model, job.backend, result.dataset, subset, more, "", "", "", "in report.md and report.html")


def show_absent(result: Result) -> str:
    """Return why there is no score, and what the backend printed in its place where that is withheld."""
    reason = result.absent or "no reason was given"
    return (
        reason if result.backend_value is None else f"the backend printed {result.backend_value}; withheld: {reason}"
    )


def show_how(result: Result) -> str:
    """Return what its score must not be read without, and how a result was had: scoring, shots, limit, unparsable."""
    shots = "shots unknown" if result.key.few_shot is None else f"{result.key.few_shot}-shot"
    parts = [result.caveat, result.key.scoring, shots]
    if result.key.limit:
        parts.append(f"first {result.key.limit}")
    if result.counts.unparsed:
        parts.append(f"{result.counts.unparsed} unparsable")
    return ", ".join(part for part in parts if part)


def show_value(metric: Metric) -> str:
    """Return the score in percent where it has a maximum, else the source's own literal."""
    if metric.value is None:
        return metric.raw.literal
    return f"{metric.value * 100:.1f} %"


def show_interval(metric: Metric) -> str:
    """Return the 95 % confidence interval in percent, or nothing."""
    if metric.ci95 is None:
        return ""
    low, high = metric.ci95
    return f"{low * 100:.1f} to {high * 100:.1f}"


def job_lines(report: Report) -> Iterator[str]:
    """Yield what a reader must know about each job that did not succeed."""
    for job in report.jobs:
        if job.state.value != "succeeded":
            yield f"{job.id}: {job.state.value}: {job.reason or 'no reason was given'}"


def show_took(report: Report) -> str:
    """Return how long the run was at work; where it was resumed, also in how many stretches of how long a time."""
    worked = show_duration(report.worked_s)
    if len(report.stretches) < 2:
        return worked
    whole = show_duration(max(0.0, report.ended_at - report.started_at))
    return f"{worked} of work, in {len(report.stretches)} stretches within {whole}"


def summary_line(report: Report) -> str:
    """Return one line: state, jobs, time, engine and isolation."""
    done = sum(job.state.value == "succeeded" for job in report.jobs)
    kinds = ", ".join(sorted({str(job.isolation) for job in report.jobs if job.isolation})) or "nothing ran"
    return (
        f"{report.state}: {done} of {count_of(len(report.jobs), 'job')} succeeded in {show_took(report)} "
        f"(engine: {report.engine}, isolation: {kinds})"
    )
