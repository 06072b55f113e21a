"""The report as a table on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hub.render.agreement import told_agreements
from hub.render.rows import HEADER, job_lines, result_rows, summary_line
from hub.render.usage import usage_line
from hub.report import Report

_STYLES = {"succeeded": "green", "partial": "yellow", "failed": "red", "cancelled": "yellow"}
_RIGHT = {"score", "scored"}
_PIPE_WIDTH = 160
_MOST_METRICS = 6  # of one result; a benchmark may have a hundred categories


def print_report(report: Report, console: Console | None = None) -> None:
    """Print results, what is missing, and one line of summary to stdout."""
    console = console or _stdout()
    table = Table(title=Text(report.task), title_justify="left", header_style="bold")
    for name in HEADER:
        table.add_column(name, justify="right" if name in _RIGHT else "left", overflow="fold")
    for row in result_rows(report, most=_MOST_METRICS):
        table.add_row(*(Text(cell, style="red" if cell == "none" else "") for cell in row))
    console.print(table)
    for line in job_lines(report):
        console.print(Text(line, style="red"))
    for job in report.jobs:
        for usage in job.usage:
            console.print(Text(usage_line(job, usage), style="dim"))
    for told in told_agreements(report):
        console.print(Text(f"{told.first} and {told.second}: {' '.join(told.sentences)}"))
    for text in report.warnings:
        console.print(Text(text, style="yellow"))
    console.print(Text(summary_line(report), style=_STYLES[report.state]))


def _stdout() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPE_WIDTH)
