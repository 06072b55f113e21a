"""report.md: the report as one Markdown page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timezone

from hub.render.rows import HEADER, job_lines, result_rows, summary_line
from hub.render.usage import HEADER as HEADER_OF_USAGE
from hub.render.usage import usage_rows
from hub.report import JobReport, Report, Result

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
    lines += _usage(report)
    lines += ["", "## Where the numbers come from", ""]
    lines += [line for job in report.jobs for line in _provenance(job)]
    lines += ["", "## Run", "", *_run_facts(report)]
    return "\n".join(lines) + "\n"


def _table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(header) + " |"
    yield "|" + " --- |" * len(header)
    for row in rows:
        yield "| " + " | ".join(_cell(part) for part in row) + " |"


def _cell(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


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
