"""evaldock init."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from hub.cli.options import OneOf


@click.command("init")
@click.argument("file", default="task.yaml", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--name", help="Name of the task.  [default: the file's]")
@click.option("--backend", default="native", show_default=True, help="`evaldock list backends` shows them.")
@click.option("--model", help="Hub id or folder of a checkpoint; with --endpoint, the server's name of the model.")
@click.option("--hub", type=OneOf(["modelscope", "huggingface"]), help="Where a hub id is.")
@click.option("--endpoint", help="Base URL of an OpenAI-compatible server.")
@click.option("--api-key-env", help="NAME of the variable that holds the endpoint's key.")
@click.option(
    "--datasets", multiple=True, metavar="NAME[=FILE]", help="Data set, with a file of your own; repeatable."
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N rows of each subset.")
@click.option("--judge", help="Base URL of a judge's server.")
@click.option("--judge-model", help="The server's name of the judge.")
@click.option("--yes", "-y", is_flag=True, help="Ask nothing.")
@click.option("--force", is_flag=True, help="Replace FILE.")
def command(file: Path, yes: bool, force: bool, **options: Any) -> int:
    """Write a first task to FILE, commented, with the schema beside it that editors complete and check with.

    In a terminal it asks for what no option says. The task is one that `evaldock plan` accepts.
    """
    from hub.cli.init_answers import Options, gather
    from hub.initial import refuse_to_replace, task_text, write_task
    from hub.orchestrator import plan_task
    from hub.settings import load_settings
    from hub.source import parse_source
    from hub.taskfile import validate

    asks = not yes and sys.stdin.isatty() and sys.stdout.isatty()
    if asks and not force:
        refuse_to_replace(file)  # before a person has answered everything
    text = task_text(gather(file, Options(**options), asks=asks))
    plan_task(validate(parse_source(text, str(file)), file.absolute().parent), load_settings())
    for path in write_task(file, text, force=force):
        click.echo(f"wrote {path}")
    click.echo(f"next: `evaldock doctor {file}`, then `evaldock run {file}`")
    return 0
