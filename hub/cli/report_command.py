"""evaldock report."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.complete import complete_run
from hub.cli.options import json_option, runs_option


@click.command("report")
@click.argument("run", default="latest", shell_complete=complete_run)
@runs_option
@json_option
@click.option("--md", "as_markdown", is_flag=True, help="Print Markdown.")
@click.option("--html", "as_html", is_flag=True, help="Write report.html anew and print its path.")
def command(run: str, runs: Path | None, as_json: bool, as_markdown: bool, as_html: bool) -> int:
    """Show the report of RUN (an id, the beginning or end of one, a folder, or `latest`)."""
    from hub.cli.lines import local
    from hub.cli.options import settings_with
    from hub.render.html.page import write_html
    from hub.render.markdown import render_markdown
    from hub.render.terminal import print_report
    from hub.runs import find_run, read_report

    folder = find_run(settings_with(runs).runs_dir, run)
    report = read_report(folder)
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    elif as_markdown:
        click.echo(render_markdown(report))
    elif as_html:
        click.echo(local(write_html(folder.path, report)))
    else:
        print_report(report)
    return 0
