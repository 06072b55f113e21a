"""evaldock logs."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import click

from hub.cli.complete import complete_run
from hub.cli.options import json_option, runs_option

_AT_WORK = {"preparing", "running", "normalizing"}


@click.command("logs")
@click.argument("run", default="latest", shell_complete=complete_run)
@click.option("--job", help="Id of the job, or its number.  [default: the first at work, else the first]")
@click.option("--follow", "-f", is_flag=True, help="Go on until the run ends.")
@runs_option
@json_option
def command(run: str, job: str | None, follow: bool, runs: Path | None, as_json: bool) -> int:
    """Show the log of a job of RUN: what the backend itself printed."""
    from hub.cli.options import settings_with
    from hub.errors import RunError
    from hub.runs import RunFolder, find_run, is_live
    from hub.text import did_you_mean

    def path_of(found: RunFolder) -> Path:
        ids = [known.id for known in found.record.jobs]
        at_work = [known.id for known in found.record.jobs if known.state.value in _AT_WORK and is_live(found)]
        matches = [name for name in (*at_work, *ids) if job in {None, name, name.split("-")[0]}]
        if not matches:
            raise RunError(f"run {found.record.run_id!r} has no job {job!r}{did_you_mean(str(job), ids)}")
        return found.job_folder(matches[0]) / "log.txt"

    found = find_run(settings_with(runs).runs_dir, run)
    path = path_of(found)
    if not path.is_file() and not (follow and is_live(found)):
        raise RunError(f"no log yet: {path}", hint="`evaldock status` shows how far the run is")
    if as_json and follow:
        raise click.UsageError("--json prints a whole log, --follow one that grows; give one of them")
    if as_json:
        facts = {"run": found.record.run_id, "job": path.parent.name, "path": str(path)}
        text = b"".join((*_of_first_start(path), path.read_bytes())).decode(errors="replace")
        click.echo(json.dumps({**facts, "text": text}, indent=2))
        return 0
    for chunk in chain(_of_first_start(path), _chunks(path, lambda: follow and is_live(found))):
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    return 0


def _of_first_start(path: Path) -> Iterator[bytes]:
    """Yield what a job printed that was then started again without one of its data sets."""
    from hub.reading import FIRST

    first = path.parent / FIRST / path.name
    if first.is_file():
        yield first.read_bytes()
        yield b"\n[evaldock: here the job ended, and was started again without the data set it ended in]\n"


def _chunks(path: Path, more: Callable[[], bool]) -> Iterator[bytes]:
    """Yield what is in the file, and what comes as long as `more()`."""
    offset, last, known = 0, False, 0
    while True:
        if path.is_file():
            with path.open("rb") as file:
                if (inode := os.fstat(file.fileno()).st_ino) != known:  # the job's next start has its own
                    offset, known = 0, inode
                file.seek(offset)
                while chunk := file.read(1 << 16):
                    offset += len(chunk)
                    yield chunk
        if last:
            return
        last = not more()
        if not last:
            time.sleep(0.3)
