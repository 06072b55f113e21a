"""Offer to go on with a run of the same task instead of beginning anew: a question at a terminal, else a line."""

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
    """Return the run to go on with, None for a new one; `always` asks nobody."""
    from hub.unfinished import find_unfinished

    found = find_unfinished(task, settings, engine)
    if found is None:
        return None
    if always:
        return found.run
    if quiet or not (sys.stdin.isatty() and sys.stderr.isatty()):
        way = f"`evaldock resume {found.run.record.run_id}` goes on with it"
        click.echo(f"note: {found.sentence}; {way}, this one begins anew", err=True)
        return None
    return found.run if click.confirm(f"{found.sentence}. Resume it?", default=True, err=True) else None
