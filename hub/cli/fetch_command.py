"""evaldock fetch."""

from __future__ import annotations

import click

from hub.cli.options import engine_option, set_option

_REST = "all that can be downloaded is here; what is missing above is for you to bring"


@click.command("fetch")
@click.argument("task")
@set_option
@engine_option
@click.option("--images/--no-images", default=True, help="Build images or environments, too.  [default: --images]")
@click.option("--dry-run", is_flag=True, help="Show what is missing and how big it is; do nothing.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask, however much there is to download.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
def command(
    task: str, sets: tuple[str, ...], engine: str | None, images: bool, dry_run: bool, yes: bool, quiet: bool
) -> int:
    """Build and download what TASK needs; afterwards `evaldock run TASK --offline` needs no network.

    What is there is kept; an interrupted download goes on where it stopped. Above 2 GB it asks (--yes answers).
    What nothing fetches is listed: files that your own folders lack (exit code 3), and what a data set also needs.
    """
    from hub.ahead import fetch_ahead, look_ahead
    from hub.check import missing
    from hub.cli.consent import consent
    from hub.cli.lines import given_task
    from hub.cli.screen import open_screen
    from hub.cli.signals import end_in_order
    from hub.downloads import total_line
    from hub.render.plan import finding_lines
    from hub.settings import load_settings

    end_in_order()
    settings = load_settings()
    ahead = look_ahead(given_task(task, sets, None).task, settings, engine=engine, images=images)
    if dry_run:
        for line in finding_lines((*ahead.findings, *ahead.needs)):
            click.echo(line)
        here = _REST if missing(ahead.needs) else "all is here"
        click.echo(here if ahead.done else total_line(ahead.downloads))
        return 3 if missing((*ahead.findings, *ahead.needs)) else 0
    with open_screen(quiet=quiet) as observe:
        fetch_ahead(ahead, settings, consent(yes=yes, quiet=quiet), observe)
    for line in finding_lines(ahead.needs):
        click.echo(line)
    if missing(ahead.needs):
        click.echo(_REST)
        return 3
    left = f"evaldock run {task} --offline" + (f" --engine {engine}" if engine else "")
    click.echo(f"all is here: `{left}` needs no network" if images else "models and data are here")
    return 0
