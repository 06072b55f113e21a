"""Progress for people: live bars on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from hub.observer import (
    EngineChosen,
    Event,
    JobChanged,
    JobRestarted,
    Observer,
    Prepared,
    Preparing,
    Progressed,
    RunEnded,
    RunResumed,
    RunStarted,
    Said,
    ServerChanged,
    silent,
)
from hub.report import JobState
from hub.text import count_of, show_duration, show_rate

if TYPE_CHECKING:
    from rich.progress import TaskID

_QUICK_S = 0.5  # what took less was there already
_PLAIN_EVERY_S = 10.0
_FINISHED = float("inf")
_ENDS = {JobState.SUCCEEDED, JobState.PARTIAL, JobState.FAILED, JobState.CANCELLED}


@contextmanager
def open_screen(*, quiet: bool, plain: bool = False) -> Iterator[Observer]:
    """Yield an observer that shows a run's events on stderr; where stderr goes away, the run goes on unseen.

    `plain`: in lines, also on a terminal.
    """
    if quiet:
        yield silent
    elif sys.stderr.isatty() and not plain:
        with _Live().open() as observe:
            yield _Lasting(observe)
    else:
        yield _Lasting(_Plain())


class _Lasting:
    """An observer that shows until it cannot: a closed terminal, a reader that left, a full disk."""

    def __init__(self, observe: Observer) -> None:
        self._observe = observe

    def __call__(self, event: Event) -> None:
        try:
            self._observe(event)
        except OSError:
            self._observe = silent


def sentence(event: Event) -> str | None:
    """Return an event as one line, None for what only a moving display shows."""
    match event:
        case RunStarted(run_id=run_id, jobs=jobs):
            return f"run {run_id}: {count_of(len(jobs), 'job')}"
        case RunResumed(run_id=run_id, jobs=jobs, kept=kept):
            return f"run {run_id} goes on: {len(kept)} of {count_of(len(jobs), 'job')} kept"
        case EngineChosen(engine=engine, reason=reason, isolation=isolation):
            return f"engine {engine} (isolation: {isolation}): {reason}"
        case Prepared(what=what, reference=reference, seconds=seconds) if seconds >= _QUICK_S:
            return f"{what} ready in {show_duration(seconds)} {reference}".rstrip()
        case ServerChanged() | JobChanged() | JobRestarted() | Said():
            return _of_one(event)
        case _:
            return None


def _of_one(event: ServerChanged | JobChanged | JobRestarted | Said) -> str:
    if isinstance(event, ServerChanged):
        return f"server {event.server}: {_of_server(event)}"
    return f"{event.job}: {_of_job(event)}"


def _of_server(event: ServerChanged) -> str:
    match event.state:
        case "loading":
            return f"loading {show_duration(event.seconds)}"
        case "ready":
            return f"ready in {show_duration(event.seconds)}"
        case state:
            return f"{state}: {event.reason}" if event.reason else state


def _of_job(event: JobChanged | JobRestarted | Said) -> str:
    match event:
        case JobChanged(state=state, reason=reason):
            return f"{state.value}: {reason}" if reason else state.value
        case JobRestarted(dataset=dataset, reason=reason):
            return f"ended in {dataset}: {reason}; starting again without it"
        case Said(text=text):
            return text


class _Plain:
    """One line per change, and one per data set every few seconds."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], tuple[float, int]] = {}
        self._told: dict[tuple[str, str], float] = {}

    def __call__(self, event: Event) -> None:
        line = self._progress(event) if isinstance(event, Progressed) else sentence(event)
        if isinstance(event, Preparing):
            line = f"  {event.line}"
        if line:
            print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is the screen

    def _progress(self, event: Progressed) -> str | None:
        key, now = (event.job, event.dataset), time.monotonic()
        since, before = self._first.setdefault(key, (now, event.done))
        if _is_open(event) and now - self._told.get(key, since) < _PLAIN_EVERY_S:
            return None
        if not event.done or self._told.get(key) == _FINISHED:
            return None
        self._told[key] = now if _is_open(event) else _FINISHED
        facts = (
            show_rate(event.done - before, now - since),
            _left(event, event.done - before, now - since),
            count_of(event.errors, "error") if event.errors else "",
        )
        known = ", ".join(fact for fact in facts if fact)
        amount = f"{event.done}/{event.total}" if event.total else str(event.done)
        return f"{event.job}: {event.dataset} {amount}" + (f" ({known})" if known else "")


def _is_open(event: Progressed) -> bool:
    """Return whether more is to come; a total of 0 means that it is not known."""
    return event.done < event.total or not event.total


def _left(event: Progressed, more: int, seconds: float) -> str:
    """Return the time that is left where `more` took so many seconds: what was there before tells nothing."""
    if more < 1 or event.done >= event.total or seconds < 1:
        return ""
    return f"{show_duration((event.total - event.done) * seconds / more)} left"


class _Live:
    """Bars by rich: one per job and data set, one line for what is being prepared."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._console = Console(stderr=True, highlight=False)
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeRemainingColumn(),
            TextColumn("{task.fields[errors]}", style="red", markup=False),
            console=self._console,
            transient=True,
        )
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._before: dict[tuple[str, str], int] = {}
        self._preparing: TaskID | None = None

    @contextmanager
    def open(self) -> Iterator[Observer]:
        """Show the bars from the first event to the end of the block; before that, a question may be asked."""
        try:
            yield self._observe
        finally:
            with suppress(OSError):  # the terminal is gone
                self._bars.stop()

    def _observe(self, event: Event) -> None:
        self._bars.start()
        match event:
            case Progressed():
                self._progress(event)
            case Preparing(what=what, line=line):
                self._prepare(f"{what}: {line}")
            case RunEnded():
                self._drop_preparing()
            case _:
                self._drop_preparing()
                if text := sentence(event):
                    self._console.print(text, style=_style(event), markup=False)
                if isinstance(event, JobChanged) and event.state in _ENDS:
                    self._drop_bars(event.job)

    def _progress(self, event: Progressed) -> None:
        key = (event.job, event.dataset)
        if key not in self._tasks:
            name = f"{event.job} {event.dataset}"
            self._before[key] = event.done
            self._tasks[key] = self._bars.add_task(name, total=event.total or None, rate="", errors="")
        task = next(task for task in self._bars.tasks if task.id == self._tasks[key])
        rate = show_rate(event.done - self._before[key], task.elapsed or 0)
        errors = count_of(event.errors, "error") if event.errors else ""
        self._bars.update(task.id, completed=event.done, total=event.total or None, rate=rate, errors=errors)

    def _prepare(self, text: str) -> None:
        width = max(20, self._console.width - 60)
        shown = text if len(text) <= width else text[: width - 1] + "…"
        if self._preparing is None:
            self._preparing = self._bars.add_task(shown, total=None, rate="", errors="")
        self._bars.update(self._preparing, description=shown)

    def _drop_bars(self, job: str) -> None:
        """Leave the screen to those that are at work: a run of many jobs has more bars than a terminal has lines."""
        for key in [key for key in self._tasks if key[0] == job]:
            self._bars.remove_task(self._tasks.pop(key))

    def _drop_preparing(self) -> None:
        if self._preparing is not None:
            self._bars.remove_task(self._preparing)
            self._preparing = None


def _style(event: Event) -> str:
    if isinstance(event, ServerChanged):
        return {"lost": "red", "restarting": "yellow"}.get(event.state, "")
    if isinstance(event, JobChanged):
        return {JobState.FAILED: "red", JobState.PARTIAL: "yellow", JobState.SUCCEEDED: "green"}.get(event.state, "")
    return ""
