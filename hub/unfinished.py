"""Whether a task was begun before and not brought to its end: what can go on, and what is under way just now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hub import answers
from hub.errors import EvaldockError
from hub.orchestrator import plan_task
from hub.owndata import own_data
from hub.report import JobState
from hub.resumption import changes_since
from hub.runs import RunFolder, is_live, list_runs, may_resume, shown_state
from hub.settings import Settings
from hub.taskfile import LoadedTask
from hub.text import count_of


@dataclass(frozen=True)
class Unfinished:
    """A run that can go on, and what it has: jobs that succeeded, answers that need not be asked for again."""

    run: RunFolder
    done: int
    answers: int

    @property
    def sentence(self) -> str:
        """Return what a person must know to choose."""
        jobs = count_of(len(self.run.record.jobs), "job")
        has = f"{self.done} of {jobs} done, {count_of(self.answers, 'answer')} kept"
        return f"run {self.run.record.run_id} of this task is {shown_state(self.run)} ({has})"


def find_unfinished(task: LoadedTask, settings: Settings, engine: str | None) -> Unfinished | None:
    """Return the last run of this very task, where it can go on and would do what a new one does.

    The same task has the same text, starts its paths at the same folder, and means the same now; and it is on the
    engine that is asked for.
    """
    run = next(_runs_of(task, settings), None)
    if run is None or not may_resume(run) or not _does_the_same(run, task, settings, engine):
        return None
    done = sum(job.state is JobState.SUCCEEDED for job in run.record.jobs)
    return Unfinished(run, done, answers.count(answers.run_file(settings.state_dir, run.record.run_id)))


def find_live(task: LoadedTask, settings: Settings, engine: str | None) -> RunFolder | None:
    """Return a run of this very task that a process drives now: another would ask, and pay, for the same again."""
    live = (run for run in _runs_of(task, settings) if is_live(run))
    return next((run for run in live if _does_the_same(run, task, settings, engine)), None)


def _runs_of(task: LoadedTask, settings: Settings) -> Iterator[RunFolder]:
    """Yield the runs of the task, the last one first."""
    return (run for run in reversed(list_runs(settings.runs_dir)) if _is_of(run, task))


def _does_the_same(run: RunFolder, task: LoadedTask, settings: Settings, engine: str | None) -> bool:
    if engine not in {None, "auto", run.record.engine}:
        return False
    try:
        plan = plan_task(task, settings)
        return not changes_since(run, task, plan, own_data(plan))
    except EvaldockError:
        return False  # a new run says what is wrong with the task


def _is_of(run: RunFolder, task: LoadedTask) -> bool:
    if run.record.folder != str(task.folder.absolute()):
        return False
    try:
        return (run.path / "task.yaml").read_text(encoding="utf-8") == task.source.text
    except (OSError, UnicodeDecodeError):
        return False
