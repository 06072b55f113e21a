"""evaldock logs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from hub.cli.options import runs_option


@click.command("logs")
@click.argument("run", default="latest")
@click.option("--job", help="Id of the job, or its number.  [default: the first]")
@click.option("--follow", "-f", is_flag=True, help="Go on until the run ends.")
@runs_option
def command(run: str, job: str | None, follow: bool, runs: Path | None) -> int:
    """Show the log of a job of RUN: what the backend itself printed."""
    from hub.cli.options import settings_with
    from hub.errors import RunError
    from hub.runs import RunFolder, find_run, is_live
    from hub.text import did_you_mean

    def path_of(found: RunFolder) -> Path:
        ids = [known.id for known in found.record.jobs]
        matches = [name for name in ids if job in {None, name, name.split("-")[0]}]
        if not matches:
            raise RunError(f"run {found.record.run_id!r} has no job {job!r}{did_you_mean(str(job), ids)}")
        return found.job_folder(matches[0]) / "log.txt"

    found = find_run(settings_with(runs).runs_dir, run)
    path = path_of(found)
    if not path.is_file() and not (follow and is_live(found)):
        raise RunError(f"no log yet: {path}", hint="`evaldock status` shows how far the run is")
    for chunk in _chunks(path, lambda: follow and is_live(found)):
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    return 0


def _chunks(path: Path, more: Callable[[], bool]) -> Iterator[bytes]:
    """Yield what is in the file, and what comes as long as `more()`."""
    offset, last = 0, False
    while True:
        if path.is_file():
            with path.open("rb") as file:
                file.seek(offset)
                while chunk := file.read(1 << 16):
                    offset += len(chunk)
                    yield chunk
        if last:
            return
        last = not more()
        if not last:
            time.sleep(0.3)
