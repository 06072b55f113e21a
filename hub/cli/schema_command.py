"""evaldock schema."""

from __future__ import annotations

import click

from hub.cli.options import OneOf


@click.command("schema")
@click.argument("what", type=OneOf(["task", "report", "sample"]), default="task")
def command(what: str) -> int:
    """Print the JSON Schema of task files, of report.json, or of a line of samples.jsonl."""
    from hub.schema import schema_text

    click.echo(schema_text(what), nl=False)
    return 0
