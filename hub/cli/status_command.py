"""evaldock status."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.complete import complete_run
from hub.cli.options import json_option, runs_option

if TYPE_CHECKING:
    from hub.progress import Pace
    from hub.runs import RunFolder

_HOUR_S = 3600


@click.command("status")
@click.argument("run", default="latest", shell_complete=complete_run)
@click.option("--follow", "-f", is_flag=True, help="Show it until it ends; the exit code is then the run's.")
@runs_option
@json_option
def command(run: str, follow: bool, runs: Path | None, as_json: bool) -> int:
    """Show RUN (an id, the beginning or end of one, a folder, or `latest`), its jobs, and how far they are."""
    from hub.cli.following import follow_run
    from hub.cli.lines import exit_code
    from hub.cli.options import settings_with
    from hub.progress import Progress
    from hub.runs import find_run, is_live

    found = find_run(settings_with(runs).runs_dir, run)
    if as_json and follow:
        raise click.UsageError("--json prints a run as it is now; events.jsonl in its folder can be followed")
    if follow and is_live(found):
        found = follow_run(found)
    progress = Progress()
    for event in found.events():
        progress.add(event)
    paces = progress.paces(time.time() if is_live(found) else None)
    if as_json:
        click.echo(_as_json(found, paces))
    else:
        for line in _lines(found, paces):
            click.echo(line)
    return exit_code(found.record.state) if follow else 0


def _as_json(run: RunFolder, paces: tuple[Pace, ...]) -> str:
    from hub.runs import may_resume, shown_state

    record = run.record.model_copy(update={"state": shown_state(run)}).model_dump(mode="json")
    more = {"resumable": may_resume(run), "progress": [asdict(pace) for pace in paces]}
    return json.dumps({**record, **more}, indent=2, ensure_ascii=False)


def _lines(run: RunFolder, paces: tuple[Pace, ...]) -> Iterator[str]:
    from hub.cli.lines import local
    from hub.runs import may_resume, shown_state

    record, state = run.record, shown_state(run)
    yield f"{record.run_id}  {state}  ({local(run.path)})"
    if record.reason:
        yield f"  {record.reason}"
    for job in record.jobs:
        yield f"  {job.id:<32} {job.state.value:<12} {job.reason}".rstrip()
        if job.state.value in {"running", "normalizing"}:
            yield from (f"    {_pace(pace)}" for pace in paces if pace.job == job.id)
    if state == "interrupted":
        yield f"its evaldock has gone; `evaldock stop {record.run_id}` removes what its jobs left"
    if may_resume(run):
        yield f"go on   evaldock resume {record.run_id}"


def _pace(pace: Pace) -> str:
    from hub.text import count_of, show_duration, show_rate

    amount = f"{pace.done}/{pace.total}" if pace.total else str(pace.done)
    facts = (
        show_rate(round(pace.per_s * _HOUR_S), _HOUR_S) if pace.per_s else "",
        f"{show_duration(pace.left_s)} left" if pace.left_s else "",
        count_of(pace.errors, "error") if pace.errors else "",
    )
    return f"{pace.dataset:<30} {amount:<12} {', '.join(filter(None, facts))}".rstrip()
