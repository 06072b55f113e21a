"""evaldock clean."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.options import duration_value, json_option, runs_option, size_value

if TYPE_CHECKING:
    from hub.cleaning.item import Found
    from hub.settings import Settings


@click.command("clean")
@click.argument("what", required=False, metavar="[images|environments|cache|runs|all]")
@click.option("--older-than", metavar="AGE", callback=duration_value, help="Only what was last used longer ago: 30d.")
@click.option("--keep", type=click.IntRange(min=0), default=0, help="Keep the newest N of each kind.")
@click.option("--larger-than", metavar="SIZE", callback=size_value, help="Only what frees more: 5g.")
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@runs_option
@json_option
def command(
    what: str | None,
    older_than: float,
    keep: int,
    larger_than: int,
    dry_run: bool,
    yes: bool,
    runs: Path | None,
    as_json: bool,
) -> int:
    """Remove what evaldock made: old runs, downloaded models and data, environments, images. Asks first.

    Nothing that a live run uses, and nothing that evaldock did not make. Without a kind, or with --json and without
    --yes, it only shows what there is. Exit code 1 when something could not be removed.
    """
    from hub.cleaning import KINDS, find
    from hub.cleaning.item import Filter, Found, select
    from hub.cli.clean_screen import print_found, print_json
    from hub.cli.options import settings_with
    from hub.text import did_you_mean

    if what is not None and what not in KINDS:
        raise click.UsageError(f"clean knows no {what!r}{did_you_mean(what, KINDS)}")
    settings = settings_with(runs)
    found = find(KINDS[what or "all"], settings)
    wanted = Filter(older_than, larger_than, keep)
    found = Found(select(found.items, wanted, time.time()), found.notes)
    if dry_run or what is None or (as_json and not yes):
        print_json(found, (), {}) if as_json else print_found(found)
        if what is None and not as_json:
            click.echo("`evaldock clean KIND` removes them; KIND is images, environments, cache, runs or all")
        return 0
    return _carry_out(found, settings, yes=yes, as_json=as_json)


def _carry_out(found: Found, settings: Settings, *, yes: bool, as_json: bool) -> int:
    from hub.cleaning import remove
    from hub.cli.clean_screen import ask, print_found, print_json, print_outcome
    from hub.text import count_of, show_size

    if not as_json:
        print_found(found)
    if not found.free and not as_json:
        return 0
    if not yes:
        ask(f"Remove {count_of(len(found.free), 'thing')}?")
    stayed: dict[str, str] = {}
    for item, reason in remove(found.free, settings):
        if reason:
            stayed[item.place] = reason
        if not as_json:
            print_outcome(item, reason)
    gone = tuple(item for item in found.free if item.place not in stayed)
    if as_json:
        print_json(found, gone, stayed)
    else:
        click.echo(f"{show_size(sum(item.size for item in gone))} freed")
    return 1 if stayed else 0
