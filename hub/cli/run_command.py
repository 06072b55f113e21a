"""evaldock run."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from hub.cli.complete import complete_task
from hub.cli.options import (
    detach_option,
    engine_option,
    limit_option,
    offline_option,
    quiet_option,
    runs_option,
    set_option,
    yes_option,
)


@click.command("run")
@click.argument("task", shell_complete=complete_task)
@set_option
@limit_option
@engine_option
@runs_option
@offline_option
@yes_option
@quiet_option
@detach_option
@click.option("--resume", "go_on", is_flag=True, help="Go on with the last run of this task where it is unfinished.")
@click.option("--new", is_flag=True, help="Begin anew, whatever runs of this task there are.")
def command(
    task: str,
    sets: tuple[str, ...],
    limit: int | None,
    engine: str | None,
    runs: Path | None,
    offline: bool,
    yes: bool,
    quiet: bool,
    detach: bool,
    go_on: bool,
    new: bool,
) -> int:
    """Run TASK and write its report.

    TASK is a task file, or the name of one that ships with evaldock (`evaldock list tasks`). Where the last run of
    the same task is unfinished, it asks whether to go on with it; where one is live, whether to begin another.
    """
    from hub.cli.conduct import conduct
    from hub.cli.consent import consent
    from hub.cli.lines import given_task
    from hub.cli.offer import run_to_resume
    from hub.cli.options import settings_with
    from hub.cli.signals import end_in_order
    from hub.orchestrator import Request, run
    from hub.resumption import Wish, resume

    if go_on and new:
        raise click.UsageError("--resume and --new are opposites; give one of them")
    end_in_order()
    given = given_task(task, sets, limit)
    settings = settings_with(runs or given.outputs)
    request = Request(engine=engine, offline=offline, consent=consent(yes=yes, quiet=quiet))
    left = None if new else run_to_resume(given.task, settings, engine, always=go_on, quiet=quiet)
    start = partial(run, given.task, settings, request)
    if left:
        start = partial(resume, left, settings, Wish(Request(offline=offline, consent=request.consent)))
    return conduct(start, quiet=quiet, detach=detach)
