"""evaldock cache."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.complete import complete_kept
from hub.cli.options import duration_value, json_option, runs_option

if TYPE_CHECKING:
    from hub.cleaning.kept import Kept
    from hub.settings import Settings


@click.group("cache")
def command() -> None:
    """Show or remove the answers of models that are kept for runs to go on with."""


@command.command("ls")
@runs_option
@json_option
def ls_command(runs: Path | None, as_json: bool) -> None:
    """List them: of which run, how many, how large, last used when, and what a resume would not ask again."""
    from hub.cleaning.kept import kept_answers
    from hub.cleaning.live import live_runs
    from hub.cli.cache_screen import print_json, print_kept
    from hub.cli.options import settings_with

    settings = settings_with(runs)
    kept = kept_answers(settings, live_runs(settings))
    print_json(kept) if as_json else print_kept(kept)


@command.command("clear")
@click.argument("names", nargs=-1, metavar="[RUN]...", shell_complete=complete_kept)
@click.option("--shared", is_flag=True, help="Those that runs with `cache: shared` have in common.")
@click.option("--all", "everything", is_flag=True, help="Those of every run, and the shared ones.")
@click.option("--older-than", metavar="AGE", callback=duration_value, help="Only what was last used longer ago: 30d.")
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@runs_option
@json_option
def clear_command(
    names: tuple[str, ...],
    shared: bool,
    everything: bool,
    older_than: float,
    dry_run: bool,
    yes: bool,
    runs: Path | None,
    as_json: bool,
) -> int:
    """Remove them; RUN is an id, or the beginning or end of one. Asks first.

    A live run's are never removed. A run whose answers are gone can still be resumed, but asks everything again.
    With --older-than alone, of all; with --json it removes only with --yes. Exit code 1 when something stayed.
    """
    from hub.cleaning.kept import kept_answers
    from hub.cleaning.live import live_runs
    from hub.cli.cache_screen import print_json, print_kept
    from hub.cli.options import settings_with

    if not (names or shared or everything or older_than):
        raise click.UsageError("name runs (`evaldock cache ls` lists them), or say --shared, --all or --older-than")
    settings = settings_with(runs)
    found = kept_answers(settings, live_runs(settings), unused_for_s=older_than)
    if not everything and (names or shared):
        found = _named(found, names, settings, shared=shared)
    chosen = tuple(kept for kept in found if _unused(kept, older_than))
    if dry_run or (as_json and not yes):
        print_json(chosen) if as_json else print_kept(chosen)
        return 0
    return _carry_out(chosen, settings, older_than, yes=yes, as_json=as_json)


def _named(found: tuple[Kept, ...], names: tuple[str, ...], settings: Settings, *, shared: bool) -> tuple[Kept, ...]:
    """Return those of the named runs, in the order of `found`.

    Raises:
        RunNotFoundError: a name fits no run, or several.
    """
    from hub.cleaning.kept import SHARED
    from hub.errors import RunNotFoundError
    from hub.runs import find_run

    wanted = {SHARED} if shared else set()
    for name in names:
        fits = [kept.run for kept in found if kept.run != SHARED and kept.run.startswith(name)]
        fits = fits or [kept.run for kept in found if kept.run != SHARED and kept.run.endswith(name)]
        if len(fits) > 1:
            raise RunNotFoundError(f"{name!r} fits {len(fits)} runs: {', '.join(fits[:5])}")
        # A run that keeps nothing is none that is not there.
        wanted.add(fits[0] if fits else find_run(settings.runs_dir, name).record.run_id)
    return tuple(kept for kept in found if kept.run in wanted)


def _unused(kept: Kept, older_than_s: float) -> bool:
    import time

    from hub.cleaning.kept import SHARED

    # Each of the shared ones has an age of its own.
    return kept.run == SHARED or time.time() - kept.used_at >= older_than_s


def _carry_out(chosen: tuple[Kept, ...], settings: Settings, older_than_s: float, *, yes: bool, as_json: bool) -> int:
    from hub.cli.cache_screen import print_json, print_kept
    from hub.cli.clean_screen import ask
    from hub.text import count_of, show_size

    free = [kept for kept in chosen if not kept.used_by]
    if not as_json:
        print_kept(chosen)
    if free and not yes:
        ask(f"Remove {count_of(sum(kept.answers for kept in free), 'answer')}?")
    outcomes = [_cleared(kept, settings, older_than_s) for kept in chosen]
    freed = sum(size for size, _ in outcomes)
    stayed = {kept.run: reason for kept, (_, reason) in zip(chosen, outcomes, strict=True) if reason}
    if as_json:
        print_json(chosen, stayed, freed=freed)
    else:
        for run, reason in stayed.items():
            click.echo(f"left those of {run}: {reason}")
        click.echo(f"{show_size(freed)} freed")
    return 1 if stayed else 0


def _cleared(kept: Kept, settings: Settings, older_than_s: float) -> tuple[int, str]:
    """Return the bytes that were freed, and why the answers stay where they do."""
    from hub.cleaning.kept import clear
    from hub.errors import EvaldockError

    if kept.used_by:
        return 0, kept.used_by
    try:
        return clear(kept, settings, older_than_s), ""
    except EvaldockError as error:
        return 0, error.message
