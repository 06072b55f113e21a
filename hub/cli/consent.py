"""Ask a person before much is downloaded; where nobody can be asked, say which option answers."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from hub.downloads import BIG_BYTES, Download, total_left, total_line
from hub.errors import InterruptedRunError, PrerequisiteError
from hub.text import show_size


def consent(*, yes: bool, quiet: bool = False) -> Callable[[tuple[Download, ...]], None]:
    """Return what shows the downloads and, above 2 GB and without `yes`, asks.

    It raises PrerequisiteError where nobody can be asked, InterruptedRunError where the answer is no.
    """

    def ask(downloads: tuple[Download, ...]) -> None:
        if downloads and not quiet:
            _show(downloads)
        if total_left(downloads) <= BIG_BYTES or yes:
            return
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            message = f"{total_line(downloads)}: more than {show_size(BIG_BYTES)}, and there is no terminal to ask at"
            raise PrerequisiteError(message, hint="say yes beforehand with --yes")
        if not click.confirm("Download it?", err=True):
            raise InterruptedRunError("nothing was downloaded")

    return ask


def _show(downloads: tuple[Download, ...]) -> None:
    for download in downloads:
        click.echo(f"download {download.line}", err=True)
    click.echo(total_line(downloads), err=True)
