"""Options that several commands take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from hub.settings import Settings, load_settings

_Function = TypeVar("_Function", bound=Callable[..., Any])
ENGINES = ("auto", "docker", "venv")


class OneOf(click.Choice):  # type: ignore[type-arg]  # generic from click 8.2 on only
    """A choice of words that says which of them a wrong one may have meant."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return `value`, which is one of the choices; else fail with "did you mean"."""
        from hub.text import did_you_mean

        if value not in self.choices:
            self.fail(f"no {value!r}{did_you_mean(str(value), self.choices)}", param, ctx)
        return super().convert(value, param, ctx)


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
        type=OneOf(ENGINES),
        help="Where jobs execute.  [default: what the task says, else auto]",
    )
    return option(function)


def offline_option(function: _Function) -> _Function:
    """Add `--offline`."""
    what = "Download and build nothing; what `evaldock fetch` would is an error."
    option = click.option("--offline", is_flag=True, help=what)
    return option(function)


def yes_option(function: _Function) -> _Function:
    """Add `--yes`."""
    option = click.option("--yes", "-y", is_flag=True, help="Do not ask, however much there is to download.")
    return option(function)


def detach_option(function: _Function) -> _Function:
    """Add `--detach`."""
    what = "Print the run's id and return once it has begun; it goes on by itself."
    option = click.option("--detach", "-d", is_flag=True, help=what)
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


def duration_value(ctx: click.Context, param: click.Parameter, value: str | None) -> float:
    """Read an option's `30d`; 0 where it was not given. A callback for click."""
    from hub.text import parse_duration

    try:
        return parse_duration(value) if value else 0.0
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from error


def size_value(ctx: click.Context, param: click.Parameter, value: str | None) -> int:
    """Read an option's `5g`; 0 where it was not given. A callback for click."""
    from hub.text import parse_size

    try:
        return parse_size(value) if value else 0
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from error
