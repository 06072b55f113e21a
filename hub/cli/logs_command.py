"""evaldock logs."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.complete import complete_run
from hub.cli.options import json_option, runs_option

if TYPE_CHECKING:
    from hub.errors import RunError
    from hub.runs import RunFolder

_LOG = "log.txt"
_AT_WORK = {"preparing", "running", "normalizing"}


@click.command("logs")
@click.argument("run", default="latest", shell_complete=complete_run)
@click.option("--job", help="Id of the job, or its number.  [default: the first at work, else the first]")
@click.option("--server", help="Name of a model server of the run: its log instead.")
@click.option("--follow", "-f", is_flag=True, help="Go on until the run ends.")
@runs_option
@json_option
def command(run: str, job: str | None, server: str | None, *, follow: bool, runs: Path | None, as_json: bool) -> int:
    """Show the log of a job of RUN: what the backend itself printed; or of a model server."""
    from hub.cli.options import settings_with
    from hub.runs import find_run, is_live

    if job is not None and server is not None:
        raise click.UsageError("--job and --server name two logs; give one of them")
    if as_json and follow:
        raise click.UsageError("--json prints a whole log, --follow one that grows; give one of them")
    found = find_run(settings_with(runs).runs_dir, run)
    path = _path_of_job(found, job) if server is None else _path_of_server(found, server)
    if not path.is_file() and not (follow and is_live(found)):
        raise _without_log(found, path)
    if as_json:
        name = {"job" if server is None else "server": path.parent.name}
        text = b"".join((*_of_earlier_starts(path), path.read_bytes())).decode(errors="replace")
        click.echo(json.dumps({"run": found.record.run_id, **name, "path": str(path), "text": text}, indent=2))
        return 0
    for chunk in chain(_of_earlier_starts(path), _chunks(path, lambda: follow and is_live(found))):
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    return 0


def _path_of_job(found: RunFolder, job: str | None) -> Path:
    from hub.errors import RunError
    from hub.runs import is_live
    from hub.text import did_you_mean

    ids = [known.id for known in found.record.jobs]
    at_work = [known.id for known in found.record.jobs if known.state.value in _AT_WORK and is_live(found)]
    matches = [name for name in (*at_work, *ids) if job in {None, name, name.split("-")[0]}]
    if not matches:
        raise RunError(f"run {found.record.run_id!r} has no job {job!r}{did_you_mean(str(job), ids)}")
    return found.job_folder(matches[0]) / _LOG


def _path_of_server(found: RunFolder, server: str) -> Path:
    from hub.errors import RunError
    from hub.text import did_you_mean

    names = _servers(found)
    if server not in names:
        there = f"it started {', '.join(names)}" if names else "it started none"
        raise RunError(
            f"run {found.record.run_id!r} has no server {server!r}{did_you_mean(server, names) or f': {there}'}"
        )
    return found.path / "servers" / server / _LOG


def _servers(found: RunFolder) -> list[str]:
    return sorted(path.parent.name for path in found.path.glob(f"servers/*/{_LOG}"))


def _without_log(found: RunFolder, path: Path) -> RunError:
    """Return what to say of a job that printed nothing: the reason may be its server's, whose log says more."""
    from hub.errors import RunError
    from hub.runs import is_live

    if is_live(found):
        return RunError(f"no log yet: {path}", hint="`evaldock status` shows how far the run is")
    asks = [f"`evaldock logs {found.record.run_id} --server {name}`" for name in _servers(found)]
    hint = f"what its servers printed: {', '.join(asks)}" if asks else "`evaldock status` says what became of it"
    record = found.record.job(path.parent.name)
    because = f": {record.reason}" if record and record.reason else ""
    return RunError(f"job {path.parent.name!r} has no log{because}", hint=hint)


def _of_earlier_starts(path: Path) -> Iterator[bytes]:
    """Yield what a job printed that was then started again without one of its data sets, or a server that ended."""
    from hub.reading import FIRST

    first = path.parent / FIRST / path.name
    if first.is_file():
        yield first.read_bytes()
        yield b"\n[evaldock: here the job ended, and was started again without the data set it ended in]\n"
    for number in count(1):
        earlier = path.with_name(f"{path.stem}.{number}{path.suffix}")
        if not earlier.is_file():
            return
        yield earlier.read_bytes()
        yield b"\n[evaldock: here the server ended, and was started again]\n"


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
