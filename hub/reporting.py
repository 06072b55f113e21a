"""The report of a run that has ended: gathered from run.json and its jobs' reports, written in every form."""

from __future__ import annotations

from hub.files import write_atomic
from hub.render.html.page import write_html
from hub.render.markdown import render_markdown
from hub.report import EndState, JobReport, Report, ServerReport, Stretch
from hub.runs import RunFolder
from hub.version import VERSION

_FORMS = ("report.json", "report.html", "report.md")


def write_report(
    folder: RunFolder,
    jobs: tuple[JobReport, ...],
    state: EndState,
    *,
    warnings: tuple[str, ...],
    stretches: tuple[Stretch, ...],
    servers: tuple[ServerReport, ...] = (),
) -> Report:
    """Write report.md, report.json, the state in run.json and report.html, in this order, and return the report."""
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
    write_atomic(folder.path / "report.md", render_markdown(report))
    # Last of the two: a run with a report.json is finished.
    write_atomic(folder.path / "report.json", report.model_dump_json(indent=2) + "\n")
    folder.update(state=state, ended_at=ended_at)
    write_html(folder.path, report)
    return report


def remove_report(folder: RunFolder) -> None:
    """Remove the report of a run that goes on: what has one is finished."""
    for name in _FORMS:
        (folder.path / name).unlink(missing_ok=True)
