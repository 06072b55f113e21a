"""evaldock run."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.options import engine_option, runs_option


@click.command("run")
@click.argument("task")
@engine_option
@runs_option
@click.option("--offline", is_flag=True, help="Download and build nothing; what `evaldock fetch` would is an error.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask, however much there is to download.")
@click.option("--quiet", is_flag=True, help="Show no progress, only the result.")
def command(task: str, engine: str | None, runs: Path | None, offline: bool, yes: bool, quiet: bool) -> int:
    """Run TASK and write its report.

    TASK is a task file, or the name of one that ships with evaldock (`evaldock list tasks`).
    """
    from hub.cli.consent import consent
    from hub.cli.lines import local, task_path
    from hub.cli.options import settings_with
    from hub.cli.screen import open_screen
    from hub.cli.signals import end_in_order
    from hub.orchestrator import Request, run
    from hub.render.terminal import print_report
    from hub.taskfile import load_task

    end_in_order()
    loaded = load_task(task_path(task))
    request = Request(engine=engine, offline=offline, consent=consent(yes=yes, quiet=quiet))
    with open_screen(quiet=quiet) as observe:
        report, folder = run(loaded, settings_with(runs), request, observe)
    print_report(report)
    click.echo(f"report  {local(folder / 'report.json')}")
    click.echo(f"        {local(folder / 'report.md')}")
    click.echo(f"        {local(folder / 'report.html')}")
    return {"succeeded": 0, "cancelled": 130}.get(report.state, 1)
