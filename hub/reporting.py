"""The report of a run that has ended: gathered from run.json and its jobs' reports, written in every form."""

from __future__ import annotations

import json

from hub.agreement.compare import agreements
from hub.files import write_atomic
from hub.render.html.page import write_html
from hub.render.markdown import render_markdown
from hub.report import EndState, JobReport, Report, ServerReport, Stretch
from hub.runs import RunFolder
from hub.samples import numbered_samples
from hub.version import VERSION

_DISAGREEMENTS = "disagreements.jsonl"
_FORMS = ("report.json", "report.html", "report.md", _DISAGREEMENTS)
_MOST_DISAGREEMENTS = 100  # of one agreement in report.json


def write_report(
    folder: RunFolder,
    jobs: tuple[JobReport, ...],
    state: EndState,
    *,
    warnings: tuple[str, ...],
    stretches: tuple[Stretch, ...],
    servers: tuple[ServerReport, ...] = (),
) -> Report:
    """Write the report and return it.

    In this order: disagreements.jsonl, report.md, report.json, the state in run.json, report.html.
    """
    record, ended_at = folder.record, stretches[-1].ended_at
    report = Report(
        evaldock_version=VERSION,
        run_id=record.run_id,
        task=record.task,
        state=state,
        started_at=record.created_at,
        ended_at=ended_at,
        stretches=stretches,
        engine=record.engine,
        engine_reason=record.engine_reason,
        hardware=record.hardware,
        warnings=warnings,
        servers=servers,
        jobs=jobs,
    )
    report = _compared(folder, report)
    write_atomic(folder.path / "report.md", render_markdown(report))
    # Last of the two: a run with a report.json is finished.
    write_atomic(folder.path / "report.json", report.model_dump_json(indent=2) + "\n")
    folder.update(state=state, ended_at=ended_at)
    write_html(folder.path, report)
    return report


def _compared(folder: RunFolder, report: Report) -> Report:
    """Return the report with how far its backends agree; disagreements.jsonl has what would make it too long."""
    found = tuple(agreements(report, lambda job: numbered_samples(folder.path, job)))
    apart = [
        {
            "benchmark": each.benchmark,
            "model": each.model,
            "jobs": [each.first.job, each.second.job],
            **one.model_dump(),
        }
        for each in found
        for one in each.disagreements
    ]
    if apart:
        lines = (json.dumps(entry, ensure_ascii=False) for entry in apart)
        write_atomic(folder.path / _DISAGREEMENTS, "\n".join(lines) + "\n")
    short = (each.model_copy(update={"disagreements": each.disagreements[:_MOST_DISAGREEMENTS]}) for each in found)
    return report.model_copy(update={"agreements": tuple(short)})


def remove_report(folder: RunFolder) -> None:
    """Remove the report of a run that goes on: what has one is finished."""
    for name in _FORMS:
        (folder.path / name).unlink(missing_ok=True)
