"""What `evaldock clean` shows: a table of things, what stays and why, or all of it as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import click

from hub.cleaning.item import Found, Item
from hub.text import count_of, show_size


def print_found(found: Found) -> None:
    """Print what can go, with age and size, then what is in use."""
    for item in found.free:
        click.echo(f"{item.kind:<12} {show_age(item.used_at):>9}  {show_size(item.size):>7}  {item.name}")
    for item in found.items:
        if item.used_by:
            click.echo(f"kept {item.kind} {item.name}: {item.used_by}")
    for note in found.notes:
        click.echo(note, err=True)
    click.echo(f"{count_of(len(found.free), 'thing')}, {show_size(sum(item.size for item in found.free))}")


def print_outcome(item: Item, reason: str) -> None:
    """Print what became of one item."""
    click.echo(f"left {item.kind} {item.name}: {reason}" if reason else f"removed {item.kind} {item.name}")


def print_json(found: Found, gone: Sequence[Item], stayed: Mapping[str, str]) -> None:
    """Print every item, whether it was removed, and why not."""
    items = [
        {**asdict(item), "removed": item in gone, "reason": stayed.get(item.place, item.used_by)}
        for item in found.items
    ]
    freed = sum(item.size for item in gone)
    plain = {"schema_version": 1, "freed": freed, "items": items, "notes": found.notes}
    click.echo(json.dumps(plain, indent=2, ensure_ascii=False))


def show_age(used_at: float) -> str:
    """Return how long ago that was: `3 h`, `12 days`."""
    hours = max(0.0, time.time() - used_at) / 3600
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"


def ask(question: str) -> None:
    """Ask before something is removed.

    Raises:
        PrerequisiteError: there is no terminal to ask at.
        InterruptedRunError: the answer is no.
    """
    from hub.errors import InterruptedRunError, PrerequisiteError

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        message = "nothing was removed: there is no terminal to ask at"
        raise PrerequisiteError(message, hint="say yes beforehand with --yes, or --dry-run to look only")
    if not click.confirm(question):
        raise InterruptedRunError("nothing was removed")
