"""Say what a run will download, and ask before it is much."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.taskfile import LoadedTask

ASK_ABOVE = 2_000_000_000  # bytes


def agree_to_downloads(task: LoadedTask, settings: Settings, *, yes: bool, quiet: bool) -> None:
    """Print each download with its size; above 2 GB ask whether to go on, where somebody is there to be asked.

    Raises:
        InterruptedRunError: the answer was no.
    """
    from hub.check import to_fetch
    from hub.downloads import sizes
    from hub.errors import InterruptedRunError
    from hub.orchestrator import plan_task
    from hub.text import show_size

    assets = to_fetch(plan_task(task, settings), settings)
    if not assets:
        return
    found = sizes(assets, os.environ)
    asks = sum(size or 0 for size in found.values()) > ASK_ABOVE and not yes and sys.stdin.isatty()
    for asset, size in found.items() if asks or not quiet else ():
        shown = "size unknown" if size is None else show_size(size)
        click.echo(f"will download {asset.kind} {asset.location} from {asset.hub} ({shown})", err=True)
    if asks and not click.confirm("go on?", default=True, err=True):
        raise InterruptedRunError("nothing was downloaded", hint="--yes asks no questions")
