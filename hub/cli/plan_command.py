"""evaldock plan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from hub.cli.complete import complete_task
from hub.cli.options import engine_option, json_option, limit_option, set_option

if TYPE_CHECKING:
    from hub.taskfile import LoadedTask


@click.command("plan")
@click.argument("task", shell_complete=complete_task)
@set_option
@limit_option
@engine_option
@click.option("--files", is_flag=True, help="Show the translated files whole, however long.")
@json_option
def command(
    task: str, sets: tuple[str, ...], limit: int | None, engine: str | None, files: bool, as_json: bool
) -> int:
    """Show what a run of TASK would do: jobs, images, mounts, GPUs, files, what runs when, what is missing.

    Starts nothing and creates nothing. Exit code 3 when something is missing.
    """
    from hub.cli.lines import given_task

    return show_plan(given_task(task, sets, limit).task, engine, as_json=as_json, whole_files=files)


def show_plan(task: LoadedTask, engine: str | None, *, as_json: bool, whole_files: bool = False) -> int:
    """Print the plan and what a check finds; return the exit code."""
    from hub.demand import workload_of
    from hub.orchestrator import preview
    from hub.render.chart import chart_lines, schedule_to_json
    from hub.render.plan import finding_lines, plan_lines, plan_to_json
    from hub.settings import load_settings

    settings = load_settings()
    plan, findings, engine_line = preview(task, settings, engine)
    work = workload_of(plan, settings)
    if as_json:
        checks = [vars(finding) for finding in findings]
        whole = {**plan_to_json(plan), "schedule": schedule_to_json(work), "checks": checks}
        click.echo(json.dumps(whole, indent=2, ensure_ascii=False))
    else:
        ending = ("", *chart_lines(work), "", "checks", *finding_lines(findings))
        for line in (*plan_lines(plan, engine_line, whole_files=whole_files), *ending):
            click.echo(line)
    return 3 if any(finding.level == "missing" for finding in findings) else 0
