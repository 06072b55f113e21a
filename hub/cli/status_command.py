"""evaldock status."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.complete import complete_run
from hub.cli.options import json_option, runs_option


@click.command("status")
@click.argument("run", default="latest", shell_complete=complete_run)
@runs_option
@json_option
def command(run: str, runs: Path | None, as_json: bool) -> int:
    """Show RUN (an id, the beginning or end of one, a folder, or `latest`) and its jobs."""
    from hub.cli.lines import local
    from hub.cli.options import settings_with
    from hub.runs import find_run, shown_state

    found = find_run(settings_with(runs).runs_dir, run)
    state = shown_state(found)
    if as_json:
        click.echo(found.record.model_copy(update={"state": state}).model_dump_json(indent=2))
        return 0
    record = found.record
    click.echo(f"{record.run_id}  {state}  ({local(found.path)})")
    if record.reason:
        click.echo(f"  {record.reason}")
    for job in record.jobs:
        click.echo(f"  {job.id:<32} {job.state.value:<12} {job.reason}".rstrip())
    return 0
