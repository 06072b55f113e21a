"""evaldock resume."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from hub.cli.complete import complete_run
from hub.cli.options import (
    detach_option,
    engine_option,
    offline_option,
    quiet_option,
    runs_option,
    set_option,
    yes_option,
)


@click.command("resume")
@click.argument("run", default="latest", shell_complete=complete_run)
@click.option("--force", is_flag=True, help="Go on although what makes results has changed.")
@set_option
@engine_option
@runs_option
@offline_option
@yes_option
@quiet_option
@detach_option
def command(
    run: str,
    force: bool,
    sets: tuple[str, ...],
    engine: str | None,
    runs: Path | None,
    offline: bool,
    yes: bool,
    quiet: bool,
    detach: bool,
) -> int:
    """Go on with RUN (an id, the beginning or end of one, a folder, or `latest`).

    Jobs that succeeded are kept; the others are run again, and what was answered is not asked again.
    """
    from hub.cli.conduct import conduct
    from hub.cli.consent import consent
    from hub.cli.options import settings_with
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
    start = partial(resume, found, settings, Wish(request, Changes(sets), force))
    return conduct(start, quiet=quiet, detach=detach)
