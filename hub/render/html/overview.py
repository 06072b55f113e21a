"""The top of the page: what was run, how much of it was scored, and everything that went wrong, in plain words."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timezone
from typing import NamedTuple
from urllib.parse import urlencode

from hub.render.groups import Entry, wholes
from hub.render.rows import show_absent, show_took
from hub.report import Counts, JobReport, Report

FATES = {
    "scored": "scored",
    "judge_fallback": "without the judge's verdict",
    "model_error": "with an error of the model",
    "infra_error": "with a failed request",
    "skipped": "never tried",
    "unreached": "not reached",
}


class Share(NamedTuple):
    """One part of the coverage bar; `start` and `width` in percent of what was planned."""

    fate: str
    words: str
    samples: int
    start: str
    width: str


class Problem(NamedTuple):
    """One thing that went wrong: where, what, and a fragment that shows the samples concerned ("" for none)."""

    place: str
    text: str
    link: str
    grave: bool


class Overview(NamedTuple):
    """All that the top of the page says."""

    sentence: str
    facts: list[tuple[str, str]]
    shares: list[Share]
    planned: int
    problems: list[Problem]


def overview(report: Report, unscored: Collection[tuple[str, str]]) -> Overview:
    """Return the top of the page; `unscored`: jobs and data sets whose samples tell which of them have no score."""
    entries = [entry for job in report.jobs for entry in wholes(job)]
    fates = _total(entries)
    planned = sum(fates.values())
    problems = sorted(
        (problem for job in report.jobs for problem in _problems(job, unscored)), key=lambda each: not each.grave
    )
    return Overview(_sentence(report, fates, planned), _facts(report), _shares(fates, planned), planned, problems)


def fates_of(counts: Counts) -> dict[str, int]:
    """Return how many samples met which fate; together they are what was planned, or more if more was done."""
    fates = {name: int(getattr(counts, name)) for name in FATES if name != "unreached"}
    return {**fates, "unreached": max(0, counts.planned - sum(fates.values()))}


def sample_link(job: str, dataset: str, show: str) -> str:
    """Return the fragment that opens the sample browser with these filters."""
    return "#" + urlencode({"job": job, "data": dataset, "show": show})


def _total(entries: list[Entry]) -> dict[str, int]:
    fates = [fates_of(entry.result.counts) for entry in entries]
    return {name: sum(part[name] for part in fates) for name in FATES}


def _sentence(report: Report, fates: dict[str, int], planned: int) -> str:
    scored, jobs = fates["scored"], len(report.jobs)
    if report.state == "succeeded":
        return f"Everything planned was scored: {scored:,} samples in {_count(jobs, 'job')}."
    done = sum(job.state.value == "succeeded" for job in report.jobs)
    start = "The run was stopped. " if report.state == "cancelled" else ""
    if not scored:
        return f"{start}Nothing was scored, so there is no number to report. The reasons are below."
    share = f"{scored:,} of {planned:,} planned samples were scored ({_percent(scored, planned)})"
    return f"{start}{share}; {done} of {_count(jobs, 'job')} succeeded. What is missing is below."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _percent(part: int, whole: int) -> str:
    """Return a share in percent, rounded towards zero: 9,999 of 10,000 is not 100 %."""
    return f"{int(part * 1000 / whole) / 10:.1f} %" if whole else ""


def _facts(report: Report) -> list[tuple[str, str]]:
    started = datetime.fromtimestamp(report.started_at, tz=timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    isolation = ", ".join(sorted({job.isolation for job in report.jobs if job.isolation})) or "nothing ran"
    return [
        ("models", ", ".join(dict.fromkeys(job.model for job in report.jobs)) or "none"),
        ("backends", ", ".join(dict.fromkeys(job.backend for job in report.jobs)) or "none"),
        ("started", started),
        ("took", show_took(report)),
        ("engine", report.engine),
        ("isolation", isolation),
        ("run", report.run_id),
        ("evaldock", report.evaldock_version),
    ]


def _shares(fates: dict[str, int], planned: int) -> list[Share]:
    shares, start = [], 0.0
    for fate, count in fates.items():
        if count:
            width = 100 * count / planned
            shares.append(Share(fate, FATES[fate], count, f"{start:.3f}%", f"{width:.3f}%"))
            start += width
    return shares


def _problems(job: JobReport, unscored: Collection[tuple[str, str]]) -> list[Problem]:
    gaps = [problem for entry in wholes(job) for problem in _gaps(entry, unscored)]
    told = any(gap.grave for gap in gaps) and any(job.reason.startswith(f"{part.dataset}: ") for part in job.results)
    if job.state.value == "succeeded" or told:  # a job that lacks samples says no more than its data sets do
        return gaps
    return [Problem(job.id, f"{job.state.value}: {job.reason or 'no reason was given'}", "", grave=True), *gaps]


def _gaps(entry: Entry, unscored: Collection[tuple[str, str]]) -> Iterator[Problem]:
    place, counts = f"{entry.name} on {entry.job.model} ({entry.job.backend})", entry.result.counts
    absent = "" if entry.result.metrics else f"no score: {show_absent(entry.result)}"
    within = f"the score has failures in it: {entry.result.caveat}" if entry.result.caveat else ""
    if text := "; ".join(part.rstrip(".") for part in (absent, within, *_lacks(counts)) if part):
        known = (entry.job.id, entry.result.dataset) in unscored
        yield Problem(place, text, _link(entry, "unscored" if known else ""), grave=True)
    if counts.unparsed:
        text = f"nothing could be extracted from {_count(counts.unparsed, 'answer')}, which count as wrong"
        yield Problem(place, text, _link(entry, "unparsed"), grave=False)


def _lacks(counts: Counts) -> Iterator[str]:
    """Yield how many samples have no score, and how many the judge gave no verdict on."""
    missing = {name: count for name, count in fates_of(counts).items() if count and name != "scored"}
    unjudged = missing.pop("judge_fallback", 0)
    if missing:
        words = ", ".join(f"{count:,} {FATES[name]}" for name, count in missing.items())
        yield f"{sum(missing.values()):,} of {counts.planned:,} samples were not scored: {words}"
    if unjudged:
        yield f"{unjudged:,} of {counts.planned:,} samples are {FATES['judge_fallback']}"


def _link(entry: Entry, show: str) -> str:
    return sample_link(entry.job.id, entry.result.dataset, show) if show else ""
