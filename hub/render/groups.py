"""Results grouped for a reader: per job and data set, then per benchmark across jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from hub.report import JobReport, Report, Result


@dataclass(frozen=True)
class Entry:
    """One number's owner: a result, the job it belongs to, and what a reader calls it."""

    job: JobReport
    result: Result
    name: str

    @property
    def label(self) -> str:
        """Return what tells this entry from the others of its benchmark."""
        return f"{self.job.model} on {self.job.backend}: {self.name}"


@dataclass(frozen=True)
class Group:
    """One benchmark: its results over whole data sets, and those of subsets where there are several."""

    benchmark: str
    wholes: list[Entry] = field(default_factory=list)
    parts: list[Entry] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Return the user's word where there is one only, else the benchmark."""
        names = {entry.name for entry in self.wholes}
        return names.pop() if len(names) == 1 else self.benchmark


def wholes(job: JobReport) -> Iterator[Entry]:
    """Yield the results that stand for a job's data sets: the aggregates, subsets where there is no aggregate."""
    aggregated = {result.dataset for result in job.results if result.key.subset is None}
    counted = Counter(result.dataset for result in job.results)
    for result in job.results:
        if result.key.subset is None or result.dataset not in aggregated:
            alone = result.key.subset is None or counted[result.dataset] == 1
            yield Entry(job, result, result.dataset if alone else f"{result.dataset} / {result.key.subset}")


def parts(job: JobReport) -> Iterator[Entry]:
    """Yield the results of subsets, where a data set has more than one."""
    several = Counter(result.dataset for result in job.results if result.key.subset is not None)
    for result in job.results:
        if result.key.subset is not None and several[result.dataset] > 1:
            yield Entry(job, result, result.key.subset)


def groups(report: Report) -> list[Group]:
    """Return the benchmarks in the report's order."""
    apart = _told_apart(report)
    found: dict[tuple[str, str], Group] = {}
    for job in report.jobs:
        for entry in wholes(job):
            _group(found, entry, apart).wholes.append(entry)
        for entry in parts(job):
            _group(found, entry, apart).parts.append(entry)
    return list(found.values())


def _told_apart(report: Report) -> set[str]:
    """Return the benchmarks that one job ran on several data sets: `general_qa` on two files is two things."""
    pairs = {
        (job.id, entry.result.key.benchmark, entry.result.dataset) for job in report.jobs for entry in wholes(job)
    }
    counted = Counter((job, benchmark) for job, benchmark, _ in pairs)
    return {benchmark for (_, benchmark), count in counted.items() if count > 1}


def _group(found: dict[tuple[str, str], Group], entry: Entry, apart: set[str]) -> Group:
    benchmark = entry.result.key.benchmark
    name = entry.result.dataset if benchmark in apart or not benchmark else ""
    return found.setdefault((benchmark, name), Group(benchmark or name))
