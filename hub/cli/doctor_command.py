"""evaldock doctor."""

from __future__ import annotations

import json
from dataclasses import replace

import click

from hub.cli.options import engine_option, json_option


@click.command("doctor")
@click.argument("task", required=False)
@click.option("--offline", is_flag=True, help="Show that a run would download nothing, or what it would.")
@engine_option
@json_option
def command(task: str | None, offline: bool, engine: str | None, as_json: bool) -> int:
    """Look at this machine and at all that TASK needs: what is there, what is missing, how to mend it.

    Tries what a run would use: a short container, one token from each endpoint, the hubs' lists of files. Changes
    nothing. Without TASK, the machine alone. Exit code 3 when something is missing; notes are no error.
    """
    from hub.cli.lines import task_path
    from hub.doctor import Wish, examine
    from hub.render.plan import finding_lines
    from hub.settings import load_settings
    from hub.taskfile import load_task
    from hub.text import count_of

    if offline and not task:
        raise click.UsageError("--offline needs a TASK: what would be downloaded depends on it")
    loaded = load_task(task_path(task)) if task else None
    found = examine(loaded, load_settings(), Wish(engine, offline))
    findings = [replace(part, mend=part.mend.replace("fetch TASK", f"fetch {task}")) for part in found]
    absent, notes = (sum(part.level == level for part in findings) for level in ("missing", "warning"))
    if as_json:
        plain = {"schema_version": 1, "missing": absent, "findings": [vars(finding) for finding in findings]}
        click.echo(json.dumps(plain, indent=2, ensure_ascii=False))
    else:
        for line in finding_lines(findings):
            click.echo(line)
        verdict = f"{count_of(absent, 'thing')} missing" if absent else "all that is needed is here"
        click.echo(f"\n{verdict}" + (f", {count_of(notes, 'note')}" if notes else ""))
    return 3 if absent else 0
