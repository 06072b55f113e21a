"""evaldock doctor."""

from __future__ import annotations

import json
from dataclasses import replace

import click

from hub.cli.options import engine_option, json_option, set_option


@click.command("doctor")
@click.argument("task", required=False)
@set_option
@click.option("--offline", is_flag=True, help="Show that a run would download nothing, or what it would.")
@engine_option
@json_option
def command(task: str | None, sets: tuple[str, ...], offline: bool, engine: str | None, as_json: bool) -> int:
    """Look at this machine and at all that TASK needs: what is there, what is missing, how to mend it.

    Tries what a run would use: a short container, one token from each endpoint, the hubs' lists of files. Changes
    nothing. Without TASK, the machine alone. Exit code 3 when something is missing; notes are no error.
    """
    from hub.cli.lines import given_task
    from hub.doctor import Wish, examine
    from hub.render.plan import finding_lines
    from hub.settings import load_settings
    from hub.text import count_of

    if not task and (offline or sets):
        raise click.UsageError(f"{'--offline' if offline else '--set'} needs a TASK: what it is about depends on it")
    loaded = given_task(task, sets, None).task if task else None
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
