"""A run from its first event to its printed report: on this terminal, or without one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from hub.observer import Event, Observer, silent
from hub.report import Report

Start = Callable[[Observer], tuple[Report, Path]]


def conduct(start: Start, *, quiet: bool, detach: bool) -> int:
    """Have a run carried out and shown, print its report, and return the exit code; see `hub.cli.detach` for that."""
    from hub.cli.detach import detached
    from hub.cli.screen import open_screen

    def work(leave: Observer) -> int:
        with open_screen(quiet=quiet, plain=detach) as show:

            def observe(event: Event) -> None:
                leave(event)  # first: what is shown of the event is shown where it goes on
                show(event)

            report, folder = start(observe)
        return show_end(report, folder)

    return detached(work) if detach else work(silent)


def show_end(report: Report, folder: Path) -> int:
    """Print a report, where it lies, and how to go on with a run that is not whole; return the exit code."""
    from hub.cli.lines import exit_code, local
    from hub.render.terminal import print_report

    print_report(report)
    click.echo(f"report  {local(folder / 'report.json')}")
    click.echo(f"        {local(folder / 'report.md')}")
    click.echo(f"        {local(folder / 'report.html')}")
    if report.state != "succeeded":
        click.echo(f"go on   evaldock resume {report.run_id}")
    return exit_code(report.state)
