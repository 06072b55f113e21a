"""evaldock run."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType

import click

from hub.cli.options import engine_option, runs_option


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@click.command("run")
@click.argument("task")
@engine_option
@runs_option
@click.option("--offline", is_flag=True, help="Download no model and no data; what is not cached is an error.")
@click.option("--quiet", is_flag=True, help="Show no progress, only the result.")
def command(task: str, engine: str | None, runs: Path | None, offline: bool, quiet: bool) -> int:
    """Run TASK and write its report.

    TASK is a task file, or the name of one that ships with evaldock (`evaldock list tasks`).
    """
    from hub.cli.lines import local, task_path
    from hub.cli.options import settings_with
    from hub.cli.screen import open_screen
    from hub.orchestrator import Request, run
    from hub.render.terminal import print_report
    from hub.taskfile import load_task

    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup asks for that
        signal.signal(signal.SIGHUP, _interrupt)
    loaded = load_task(task_path(task))
    with open_screen(quiet=quiet) as observe:
        report, folder = run(loaded, settings_with(runs), Request(engine=engine, offline=offline), observe)
    print_report(report)
    click.echo(f"report  {local(folder / 'report.json')}")
    click.echo(f"        {local(folder / 'report.md')}")
    click.echo(f"        {local(folder / 'report.html')}")
    return {"succeeded": 0, "cancelled": 130}.get(report.state, 1)
