"""evaldock plan."""

from __future__ import annotations

import json

import click

from hub.cli.options import engine_option, json_option


@click.command("plan")
@click.argument("task")
@engine_option
@json_option
def command(task: str, engine: str | None, as_json: bool) -> int:
    """Show what a run of TASK would do: jobs, images, mounts, GPUs, assets, translated files, what is missing.

    Starts nothing and creates nothing. Exit code 3 when something is missing.
    """
    from hub.cli.lines import task_path
    from hub.orchestrator import preview
    from hub.render.plan import plan_lines, plan_to_json
    from hub.settings import load_settings
    from hub.taskfile import load_task

    plan, findings, engine_line = preview(load_task(task_path(task)), load_settings(), engine)
    if as_json:
        checks = [vars(finding) for finding in findings]
        click.echo(json.dumps({**plan_to_json(plan), "checks": checks}, indent=2, ensure_ascii=False))
    else:
        for line in plan_lines(plan, findings, engine_line):
            click.echo(line)
    return 3 if any(finding.level == "missing" for finding in findings) else 0
