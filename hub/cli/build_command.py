"""evaldock build."""

from __future__ import annotations

import time

import click

from hub.cli.options import ENGINES, OneOf


@click.command("build")
@click.argument("names", nargs=-1, metavar="[BACKEND]...")
@click.option("--engine", type=OneOf(ENGINES), default="auto", help="For which engine.", show_default=True)
def command(names: tuple[str, ...], engine: str) -> int:
    """Build the images (or virtual environments) of the named backends, or of all; what is there is kept.

    Model servers have names of their own here: swift, vllm, sglang, llamacpp. The last three are images
    of their projects, of many gigabytes, which are pulled only where they are named, or a task needs them.
    """
    from hub.engines import choose_engine
    from hub.images import all_names, image_names, load_image
    from hub.settings import load_settings
    from hub.text import did_you_mean, show_duration

    known = all_names()
    for name in names:
        if name not in known:
            raise click.UsageError(f"no image {name!r}{did_you_mean(name, known)}")
    settings = load_settings()
    specs = [load_image(name, settings) for name in names or image_names()]
    choice = choose_engine(engine, settings, gpus=False)
    for spec in specs:
        started = time.monotonic()
        record = choice.engine.prepare(spec, lambda line: click.echo(f"  {line}", err=True))
        took = show_duration(time.monotonic() - started)
        click.echo(f"{spec.name}  {choice.engine.name}  {record.reference}  ({took})")
    return 0
