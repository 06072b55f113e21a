"""Watch a run from another terminal, as its own terminal would show it, until it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from hub.cli.screen import open_screen
from hub.jobevents import EventTail
from hub.observer import Progressed, RunStarted, from_plain
from hub.progress import Progress
from hub.runs import RunFolder, is_live, open_run

if TYPE_CHECKING:
    from hub.observer import Observer

_POLL_S = 0.3


def follow_run(run: RunFolder, *, pause: Callable[[], None] = lambda: time.sleep(_POLL_S)) -> RunFolder:
    """Show a live run's events, from where it stands now to its end; return it as it then is."""
    tail, progress = EventTail(run.path / "events.jsonl"), Progress()
    while events := list(tail.read()):
        for plain in events:
            progress.add(plain)
    with open_screen(quiet=False) as observe:
        _show_standing(run, progress, observe)
        last = False
        while not last:
            last = not is_live(run)  # looked at first: what is written before it ends is still shown
            while events := list(tail.read()):
                for plain in events:
                    if event := from_plain(plain):
                        observe(event)
            if not last:
                pause()
    return open_run(run.path)


def _show_standing(run: RunFolder, progress: Progress, observe: Observer) -> None:
    """Show how far the run is, as if it had just said so."""
    record = run.record
    ids = tuple(job.id for job in record.jobs)
    observe(RunStarted(record.run_id, str(run.path), ids))
    for pace in progress.paces():
        observe(Progressed(pace.job, pace.dataset, pace.done, pace.total, pace.errors))
