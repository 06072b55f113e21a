"""evaldock run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.complete import complete_task
from hub.cli.options import (
    engine_option,
    limit_option,
    offline_option,
    quiet_option,
    runs_option,
    set_option,
    yes_option,
)

if TYPE_CHECKING:
    from hub.orchestrator import Request
    from hub.report import Report
    from hub.settings import Settings
    from hub.taskfile import LoadedTask


@click.command("run")
@click.argument("task", shell_complete=complete_task)
@set_option
@limit_option
@engine_option
@runs_option
@offline_option
@yes_option
@quiet_option
def command(
    task: str,
    sets: tuple[str, ...],
    limit: int | None,
    engine: str | None,
    runs: Path | None,
    offline: bool,
    yes: bool,
    quiet: bool,
) -> int:
    """Run TASK and write its report.

    TASK is a task file, or the name of one that ships with evaldock (`evaldock list tasks`).
    """
    from hub.cli.consent import consent
    from hub.cli.lines import given_task
    from hub.cli.options import settings_with
    from hub.cli.signals import end_in_order
    from hub.orchestrator import Request

    end_in_order()
    given = given_task(task, sets, limit)
    settings = settings_with(runs or given.outputs)
    request = Request(engine=engine, offline=offline, consent=consent(yes=yes, quiet=quiet))
    return run_and_show(given.task, settings, request, quiet=quiet)


def run_and_show(task: LoadedTask, settings: Settings, request: Request, *, quiet: bool) -> int:
    """Run a task, print its report and where it lies; return the exit code."""
    from hub.cli.screen import open_screen
    from hub.orchestrator import run

    with open_screen(quiet=quiet) as observe:
        report, folder = run(task, settings, request, observe)
    return show_end(report, folder)


def show_end(report: Report, folder: Path) -> int:
    """Print a report, where it lies, and how to go on with a run that is not whole; return the exit code."""
    from hub.cli.lines import local
    from hub.render.terminal import print_report

    print_report(report)
    click.echo(f"report  {local(folder / 'report.json')}")
    click.echo(f"        {local(folder / 'report.md')}")
    click.echo(f"        {local(folder / 'report.html')}")
    if report.state != "succeeded":
        click.echo(f"go on   evaldock resume {report.run_id}")
    return {"succeeded": 0, "cancelled": 130}.get(report.state, 1)
