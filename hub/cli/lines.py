"""Words that every command shares: where a task lies, how an error is shown."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from pathlib import Path

import click

from hub.errors import EvaldockError


def fail(error: Exception) -> int:
    """Show `error` and return its exit code; what evaldock did not foresee goes to a file, whole."""
    if isinstance(error, EvaldockError):
        click.echo(f"evaldock: {error.message}", err=True)
        if error.hint:
            click.echo(f"  {error.hint}", err=True)
        return error.exit_code
    if os.environ.get("EVALDOCK_DEBUG"):
        traceback.print_exception(error, file=sys.stderr)
    click.echo(f"evaldock: unexpected {type(error).__name__}: {error}", err=True)
    click.echo(f"  this is a mistake in evaldock; please report it with {_keep_trace(error)}", err=True)
    return 1


def _keep_trace(error: Exception) -> str:
    """Write the traceback to a file and return its name, or what else to do where no file can be written."""
    try:
        with tempfile.NamedTemporaryFile("w", prefix="evaldock-crash-", suffix=".txt", delete=False) as file:
            traceback.print_exception(error, file=file)
    except OSError:
        return "what it prints under EVALDOCK_DEBUG=1"
    return file.name


def task_path(name: str) -> Path:
    """Return the task file `name`: a path, or the name of a task that ships with evaldock.

    A path that does not exist is returned as it is: reading it gives the error.
    """
    path = Path(name)
    if os.path.exists(path):  # noqa: PTH110 - Path.exists raises for a name that is too long
        return path
    from hub.resources import shared_folder

    shipped = shared_folder("configs") / name.removeprefix("configs/")
    for candidate in (shipped, shipped.with_name(f"{shipped.name}.yaml")):
        if os.path.isfile(candidate):  # noqa: PTH113 - as above
            return candidate
    return path


def local(path: Path) -> str:
    """Return a path as short as it can be said from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
