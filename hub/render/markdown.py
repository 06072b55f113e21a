"""report.md: the report as one Markdown page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone

from hub.render.agreement import Told, told_agreements
from hub.render.groups import groups
from hub.render.protocol import Comparison, compare
from hub.render.rows import HEADER, job_lines, result_rows, summary_line
from hub.render.servers import show_server
from hub.render.usage import HEADER as HEADER_OF_USAGE
from hub.render.usage import usage_rows
from hub.report import Answered, JobReport, Report, Result

_MOST_DISAGREEMENTS = 20
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|])")


def render_markdown(report: Report) -> str:
    """Return the report as Markdown; same report, same text."""
    lines = [f"# {_cell(report.task)}", "", summary_line(report), ""]
    lines += _table(HEADER, [tuple(row) for row in result_rows(report)])
    gaps = list(job_lines(report))
    if gaps:
        lines += ["", "## What is missing", "", *(f"- {_cell(gap)}" for gap in gaps)]
    if report.warnings:
        lines += ["", "## Worth knowing", "", *(f"- {_cell(text)}" for text in report.warnings)]
    lines += _protocol(report)
    lines += [line for told in told_agreements(report) for line in _agreement(told)]
    lines += _usage(report)
    lines += ["", "## Where the numbers come from", ""]
    lines += [line for job in report.jobs for line in _provenance(job)]
    lines += ["", "## Run", "", *_run_facts(report)]
    return "\n".join(lines) + "\n"


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(header) + " |"
    yield "|" + " --- |" * len(header)
    for row in rows:
        yield "| " + " | ".join(_cell(part) for part in row) + " |"


def _cell(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _protocol(report: Report) -> Iterator[str]:
    compared = [same for group in groups(report) if (same := compare(group)) and same.differences]
    if compared:
        yield from ("", "## Differences of protocol")
    for comparison in compared:
        yield from _comparison(comparison)


def _comparison(comparison: Comparison) -> Iterator[str]:
    verdict = "comparable" if comparison.comparable else "not comparable as they stand"
    yield from ("", f"### {_cell(comparison.title)}: {verdict}", "")
    rows = [(difference.field, *difference.values) for difference in comparison.differences]
    yield from _table(("differs", *map(_cell, comparison.columns)), rows)


def _agreement(told: Told) -> Iterator[str]:
    """Yield how far two backends agree, and the first questions on which they do not."""
    found = told.agreement
    title = f"{found.benchmark} on {found.model}, question by question: {told.first} and {told.second}"
    yield from ("", f"### {_cell(title)}", "", " ".join(map(_cell, told.sentences)), "")
    rows = [(each.question, each.first, each.second) for each in found.disagreements[:_MOST_DISAGREEMENTS]]
    if rows:
        table = [(asked, _verdict(one), _verdict(other)) for asked, one, other in rows]
        yield from _table(("question", told.first, told.second), table)
    if found.only_first + found.only_second > len(rows):
        yield from ("", f"{len(rows)} of {found.only_first + found.only_second:,}; all are in disagreements.jsonl.")


def _verdict(answered: Answered) -> str:
    return f"{'right' if answered.right else 'wrong'}: {answered.answer or 'nothing'} ({answered.id})"


def _usage(report: Report) -> Iterator[str]:
    rows = list(usage_rows(report))
    if rows:
        yield from ("", "## What was asked", "")
        yield from _table(HEADER_OF_USAGE, [row.cells for row in rows])
    noted = [row for row in rows if row.notes]
    if noted:
        yield ""
    for row in noted:
        yield f"- {_cell(row.job.id)}, {_cell(row.role)}: {_cell('; '.join(row.notes))}"


def _provenance(job: JobReport) -> Iterator[str]:
    yield f"- **{_cell(job.id)}** ({job.via}, isolation: {job.isolation or 'never ran'})"
    if job.environment:
        environment = job.environment
        yield f"  - environment: {environment.engine} `{environment.reference}` `{environment.digest}`"
        yield f"  - lock: `{environment.lock}`, Python {environment.python}, torch {environment.torch or 'none'}"
        if environment.base:
            yield f"  - base: `{environment.base}`"
    for model in sorted({result.key.model for result in job.results}):
        yield f"  - model: `{model}`"
    for role in ("judge", "simulator"):
        for beside in sorted({getattr(result.key, role) for result in job.results} - {""}):
            yield f"  - {role}: `{beside}`"
    if job.starts > 1:
        yield f"  - answered in {job.starts} starts"
    for change in sorted({json.dumps(result.key.gateway, ensure_ascii=False) for result in job.results} - {"[]"}):
        yield f"  - changed on their way: {_cell(change)}"
    for result in job.results:
        key = result.key
        sources = ", ".join(f"{names} from `{file}`" for file, names in _sources(result).items())
        place = f"{result.dataset}/{key.subset or 'all'}"
        yield f"  - {_cell(place)}: data `{key.data}`, prompt `{key.prompt}`, seed {key.seed}; {sources}"


def _sources(result: Result) -> dict[str, str]:
    """Return the names of a result's metrics by the file that they were read from."""
    found: dict[str, list[str]] = {}
    for metric in result.metrics:
        found.setdefault(metric.source.file, []).append(_cell(metric.name))
    return {file: ", ".join(names) for file, names in found.items()}


def _run_facts(report: Report) -> Iterator[str]:
    started = datetime.fromtimestamp(report.started_at, tz=timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    yield f"- run `{report.run_id}`, started {started}, evaldock {report.evaldock_version}"
    yield f"- engine {report.engine}: {_cell(report.engine_reason)}"
    for name, value in sorted(report.hardware.items()):
        yield f"- {name}: {_cell(value)}"
    for server in report.servers:
        yield f"- server {_cell(server.name)}: {_cell(show_server(server))}; `{server.identity}`"
