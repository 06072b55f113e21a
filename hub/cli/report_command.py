"""evaldock report."""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.options import json_option, runs_option


@click.command("report")
@click.argument("run", default="latest")
@runs_option
@json_option
@click.option("--md", "as_markdown", is_flag=True, help="Print Markdown.")
def command(run: str, runs: Path | None, as_json: bool, as_markdown: bool) -> int:
    """Show the report of RUN (an id, the beginning or end of one, a folder, or `latest`)."""
    from hub.cli.options import settings_with
    from hub.render.markdown import render_markdown
    from hub.render.terminal import print_report
    from hub.runs import find_run, read_report

    report = read_report(find_run(settings_with(runs).runs_dir, run))
    if as_json:
        click.echo(report.model_dump_json(indent=2))
    elif as_markdown:
        click.echo(render_markdown(report))
    else:
        print_report(report)
    return 0
