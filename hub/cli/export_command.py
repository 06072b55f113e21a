"""evaldock export."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.options import runs_option

if TYPE_CHECKING:
    from hub.export import Files


@click.command("export")
@click.argument("run", default="latest")
@click.option("--to", "format_name", required=True, metavar="FORMAT", help="csv, lm-eval or eee.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder; for csv a file.  [default: see below]")
@click.option("--samples/--no-samples", default=None, help="csv: samples in place of results; else: with or without.")
@runs_option
def command(run: str, format_name: str, out: Path | None, samples: bool | None, runs: Path | None) -> int:
    """Write the report of RUN in another format.

    \b
    csv      a row for every metric, or with --samples for every sample; to standard output without --out
    lm-eval  results_*.json and samples_*.jsonl as lm-eval 0.4 writes them; to ./RUN-lm-eval without --out
    eee      Every Eval Ever, schema 0.3.0; to ./RUN-eee without --out
    """  # noqa: D301 - click's own mark for lines that stay as they are
    from hub.cli.lines import local
    from hub.cli.options import settings_with
    from hub.export import FORMATS, export
    from hub.runs import find_run, read_report, read_samples
    from hub.text import did_you_mean

    if format_name not in FORMATS:
        raise click.UsageError(f"no format {format_name!r}{did_you_mean(format_name, FORMATS)}")
    found = find_run(settings_with(runs).runs_dir, run)
    report = read_report(found)
    with_samples = samples if samples is not None else format_name != "csv"
    files = export(format_name, report, lambda job: read_samples(found, job), samples=with_samples)
    if format_name == "csv":
        return _write_table(files, out)
    folder = out or Path(f"{report.run_id}-{format_name}")
    _write(files, folder)
    click.echo(f"{len(files)} files in {local(folder.absolute())}")
    return 0


def _write_table(files: Files, out: Path | None) -> int:
    ((_, lines),) = files.items()
    if out is None:
        for line in lines:
            sys.stdout.write(line)
    else:
        _write({out.name: lines}, out.parent)
        click.echo(str(out))
    return 0


def _write(files: Files, folder: Path) -> None:
    from hub.errors import RunError

    for name, lines in files.items():
        path = folder / name
        draft = path.with_name(f".{path.name}.part")  # a run whose samples cannot be read leaves no half of a file
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("w", encoding="utf-8") as file:
                file.writelines(lines)
            draft.replace(path)
        except OSError as error:
            message = f"{path} cannot be written: {error.strerror}"
            raise RunError(message, hint="name another place with --out") from error
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
