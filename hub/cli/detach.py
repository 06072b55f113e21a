"""Let a run go on without its terminal: a process of its own, which leaves once the run has its folder."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import click

from hub.observer import Event, Observer, RunResumed, RunStarted

_Result = TypeVar("_Result")
LOG = "hub.log"  # in the run folder


def detached(work: Callable[[Observer], int]) -> int:
    """Do `work` in a process of its own; return 0 once its run has begun, or its exit code where it ended before.

    Until then it says and asks what it has to at this terminal; interrupts are passed on to it. `work` tells its
    observer of the run's events; from the first on, its output goes to hub.log in the run folder. This process then
    prints the run's id, and nothing else.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        os.setsid()  # no terminal that closes can end it, and no Ctrl-C there is for it
        return work(_Departure(writing))
    os.close(writing)
    run_id = _patiently(child, lambda: os.read(reading, 4096)).decode()
    if run_id:
        click.echo(run_id)
        return 0
    _, status = _patiently(child, lambda: os.waitpid(child, 0))
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


class _Departure:
    """An observer that leaves the terminal at the first event of a run."""

    def __init__(self, pipe: int) -> None:
        self._pipe: int | None = pipe

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted | RunResumed) and self._pipe is not None:
            _turn_output_to(Path(event.folder) / LOG)
            with suppress(BrokenPipeError):  # who waited for the id was killed: the run goes on all the same
                os.write(self._pipe, event.run_id.encode())
            os.close(self._pipe)
            self._pipe = None


def _turn_output_to(log: Path) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    nothing = os.open(os.devnull, os.O_RDONLY)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for source, number in ((nothing, 0), (file, 1), (file, 2)):
        os.dup2(source, number)
    os.close(nothing)
    os.close(file)


def _patiently(child: int, wait: Callable[[], _Result]) -> _Result:
    """Wait, and pass interrupts on to the child: what comes of them, it says itself."""
    while True:
        try:
            return wait()
        except KeyboardInterrupt:  # noqa: PERF203 - each may be the first
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGTERM)  # not SIGINT, which a shell has a job in the background ignore
