"""evaldock stop."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.options import runs_option


@click.command("stop")
@click.argument("run", default="latest")
@click.option("--force", is_flag=True, help="Kill its hub where it does not end within 10 s.")
@runs_option
def command(run: str, force: bool, runs: Path | None) -> int:
    """Stop RUN, which another terminal drives: its job ends, what it scored is read, the report is written.

    Waits until it has ended. Removes what a dead hub left behind. Exit code 1 when it had already ended.
    """
    from hub.cli.options import settings_with
    from hub.runs import find_run, may_resume, open_run
    from hub.stopping import stop

    settings = settings_with(runs)
    found = find_run(settings.runs_dir, run)
    ended = stop(found, settings, force=force, tell=lambda line: click.echo(line, err=True))
    for line in ended.reaped:
        click.echo(line, err=True)
    if not ended.was_live:
        click.echo(f"{found.record.run_id} had already ended: {ended.state}")
        return 1
    click.echo(f"{found.record.run_id} {'was killed' if ended.killed else 'has ended'}: {ended.state}")
    if may_resume(open_run(found.path)):
        click.echo(f"go on   evaldock resume {found.record.run_id}")
    return 0
