"""Words that every command shares: where a task lies, how an error is shown."""

from __future__ import annotations

import errno
import os
import sys
import tempfile
import traceback
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.errors import EvaldockError, Problem, TaskError

if TYPE_CHECKING:
    from hub.taskinput import Given

_LONGEST_NAME = 200  # beyond, looking for a similar one takes long and finds none


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


def open_missing_streams() -> None:
    """Open /dev/null for each standard stream that the caller closed, so that no file of ours takes its place."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:  # noqa: PERF203 - three of them
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - the process's own
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def is_of_output(error: OSError) -> bool:
    """Return whether writing to a terminal, pipe or redirected file failed, rather than some file of a run."""
    return error.filename is None and error.errno in {errno.EPIPE, errno.ENOSPC, errno.EIO}


def unwritable(error: OSError) -> int:
    """Say, where that is still possible, that the output cannot be written; return the exit code."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is buffered must not fail again at exit
    if error.errno == errno.EPIPE:
        return 1  # the reader left, and wants to hear no more: as click does
    try:
        click.echo(f"evaldock: the output cannot be written: {error.strerror}", err=True)
    except OSError:
        os.dup2(1, 2)
    return 1


def _keep_trace(error: Exception) -> str:
    """Write the traceback to a file and return its name, or what else to do where no file can be written."""
    try:
        with tempfile.NamedTemporaryFile("w", prefix="evaldock-crash-", suffix=".txt", delete=False) as file:
            traceback.print_exception(error, file=file)
    except OSError:
        return "what it prints under EVALDOCK_DEBUG=1"
    return file.name


def exit_code(state: str) -> int:
    """Return the exit code of a run that ended in `state`, or of which nobody knows how it would have ended."""
    return {"succeeded": 0, "cancelled": 130}.get(state, 1)


def task_path(name: str) -> Path:
    """Return the task file `name`: a path, or the name of a task that ships with evaldock.

    Raises:
        TaskError: neither, but one of a similar name.
    """
    path = Path(name)
    if os.path.exists(path):  # noqa: PTH110 - Path.exists raises for a name that is too long
        return path
    from hub.resources import shared_folder

    shipped = shared_folder("configs") / name.removeprefix("configs/")
    for candidate in (shipped, shipped.with_name(f"{shipped.name}.yaml")):
        if os.path.isfile(candidate):  # noqa: PTH113 - as above
            return candidate
    if similar := _similar_task(name):
        raise TaskError([Problem(name, 0, "", f"no such file; did you mean {similar!r}?")])
    return path  # reading it says why there is none


def _similar_task(name: str) -> str:
    """Return the task whose name, without its ending, is closest to `name`, or nothing."""
    from difflib import get_close_matches

    from hub.cli.complete import task_words

    words = task_words(name[: name.rfind("/") + 1])
    by_stem = {_stem(word): word for word in reversed(words) if not word.endswith("/")}
    close = get_close_matches(_stem(name), by_stem, n=1) if len(name) <= _LONGEST_NAME else []
    return by_stem[close[0]] if close else ""


def _stem(name: str) -> str:
    return name.removesuffix(".yaml").removesuffix(".yml")


def given_task(name: str, sets: tuple[str, ...], limit: int | None) -> Given:
    """Return the task `name` with the changes of flags; keys of Eval-Scope without effect are said on stderr."""
    from hub.overrides import Changes
    from hub.taskinput import load_any

    given = load_any(task_path(name), Changes(sets, limit))
    say_remarks(given.remarks)
    return given


def say_remarks(remarks: Iterable[str]) -> None:
    """Print what a user should know about keys that have no effect."""
    for remark in remarks:
        click.echo(f"note: {remark}", err=True)


def local(path: Path) -> str:
    """Return a path as short as it can be said from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
