"""Before a task is begun anew: a run of it that can go on, or is under way; a question at a terminal, else a line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hub.runs import RunFolder
    from hub.settings import Settings
    from hub.taskfile import LoadedTask


def run_to_resume(
    task: LoadedTask, settings: Settings, engine: str | None, *, always: bool, quiet: bool
) -> RunFolder | None:
    """Return the run to go on with, None for a new one; `always` asks nobody.

    Raises:
        RunError: the one to go on with is live (`always`).
        InterruptedRunError: it is live, and the user wants no other beside it.
    """
    from hub.unfinished import find_live, find_unfinished

    asks = not quiet and sys.stdin.isatty() and sys.stderr.isatty()
    found = find_unfinished(task, settings, engine)
    if found is None:
        live = find_live(task, settings, engine)
        if live and always:
            raise live.driven_by_another()
        if live:
            _require_wanted_beside(live, asks=asks)
        return None
    if always:
        return found.run
    if not asks:
        way = f"`evaldock resume {found.run.record.run_id}` goes on with it"
        click.echo(f"note: {found.sentence}; {way}, this one begins anew", err=True)
        return None
    return found.run if click.confirm(f"{found.sentence}. Resume it?", default=True, err=True) else None


def _require_wanted_beside(live: RunFolder, *, asks: bool) -> None:
    """Ask, or say, that another run of a task that is under way does everything once more.

    Raises:
        InterruptedRunError: the answer is no.
    """
    from hub.errors import InterruptedRunError

    sentence = f"run {live.record.run_id} of this task is live ({live.driver()} drives it)"
    if not asks:
        way = "`evaldock status --follow` shows it; this one begins anew, and asks for everything once more"
        click.echo(f"note: {sentence}: {way}", err=True)
    elif not click.confirm(f"{sentence}. Begin another one beside it?", default=False, err=True):
        raise InterruptedRunError("nothing was begun", hint="`evaldock status --follow` shows the one that is live")
