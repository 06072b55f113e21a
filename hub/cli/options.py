"""Options that several commands take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from hub.settings import Settings, load_settings

_Function = TypeVar("_Function", bound=Callable[..., Any])


def runs_option(function: _Function) -> _Function:
    """Add `--runs`."""
    option = click.option(
        "--runs", type=click.Path(path_type=Path), help="Folder of runs.  [default: $EVALDOCK_RUNS or ./runs]"
    )
    return option(function)


def engine_option(function: _Function) -> _Function:
    """Add `--engine`."""
    option = click.option(
        "--engine",
        type=click.Choice(["auto", "docker", "venv"]),
        help="Where jobs execute.  [default: what the task says]",
    )
    return option(function)


def offline_option(function: _Function) -> _Function:
    """Add `--offline`."""
    what = "Download no model and no data; what is not cached is an error."
    option = click.option("--offline", is_flag=True, help=what)
    return option(function)


def yes_option(function: _Function) -> _Function:
    """Add `--yes`."""
    option = click.option("--yes", is_flag=True, help="Download more than 2 GB without asking.")
    return option(function)


def quiet_option(function: _Function) -> _Function:
    """Add `--quiet`."""
    option = click.option("--quiet", is_flag=True, help="Show no progress, only the result.")
    return option(function)


def json_option(function: _Function) -> _Function:
    """Add `--json`."""
    option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
    return option(function)


def set_option(function: _Function) -> _Function:
    """Add `--set`."""
    what = "Change a key of the task; the value is YAML. May be given several times."
    option = click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help=what)
    return option(function)


def limit_option(function: _Function) -> _Function:
    """Add `--limit`."""
    option = click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N rows of each subset.")
    return option(function)


def settings_with(runs: Path | None) -> Settings:
    """Return the machine's settings, with the runs folder that the user named."""
    settings = load_settings()
    return replace(settings, runs_dir=runs.absolute()) if runs else settings
