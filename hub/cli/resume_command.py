"""evaldock resume."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.complete import complete_run
from hub.cli.options import engine_option, offline_option, quiet_option, runs_option, set_option, yes_option


@click.command("resume")
@click.argument("run", default="latest", shell_complete=complete_run)
@click.option("--force", is_flag=True, help="Go on although what makes results has changed.")
@set_option
@engine_option
@runs_option
@offline_option
@yes_option
@quiet_option
def command(
    run: str,
    force: bool,
    sets: tuple[str, ...],
    engine: str | None,
    runs: Path | None,
    offline: bool,
    yes: bool,
    quiet: bool,
) -> int:
    """Go on with RUN (an id, the beginning or end of one, a folder, or `latest`).

    Jobs that succeeded are kept; the others are run again, and what was answered is not asked again.
    """
    from hub.cli.consent import consent
    from hub.cli.options import settings_with
    from hub.cli.run_command import show_end
    from hub.cli.screen import open_screen
    from hub.cli.signals import end_in_order
    from hub.orchestrator import Request
    from hub.overrides import Changes
    from hub.resumption import Wish, resume
    from hub.runs import find_run

    end_in_order()
    settings = settings_with(runs)
    found = find_run(settings.runs_dir, run)
    if found.record.state == "succeeded":
        click.echo(f"{found.record.run_id} has succeeded: there is nothing to resume")
        return 0
    request = Request(engine=engine, offline=offline, consent=consent(yes=yes, quiet=quiet))
    with open_screen(quiet=quiet) as observe:
        report, folder = resume(found, settings, Wish(request, Changes(sets), force), observe)
    return show_end(report, folder)
