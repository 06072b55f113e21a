"""Whether a task was begun before and not brought to its end, so that a run of it need not start from nothing."""

from __future__ import annotations

from dataclasses import dataclass

from hub import answers
from hub.difference import differences
from hub.errors import EvaldockError
from hub.orchestrator import adapters_of, plan_task
from hub.report import JobState
from hub.resumption import recorded_plan
from hub.runs import RunFolder, list_runs, may_resume, shown_state
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
    same = (run for run in reversed(list_runs(settings.runs_dir)) if _is_of(run, task))
    run = next(same, None)
    if run is None or not may_resume(run) or engine not in {None, "auto", run.record.engine}:
        return None
    try:
        if differences(recorded_plan(run), plan_task(task, settings), adapters_of(task)):
            return None
    except EvaldockError:
        return None  # a new run says what is wrong with the task
    done = sum(job.state is JobState.SUCCEEDED for job in run.record.jobs)
    return Unfinished(run, done, answers.count(answers.run_file(settings.state_dir, run.record.run_id)))


def _is_of(run: RunFolder, task: LoadedTask) -> bool:
    if run.record.folder != str(task.folder.absolute()):
        return False
    try:
        return (run.path / "task.yaml").read_text(encoding="utf-8") == task.source.text
    except (OSError, UnicodeDecodeError):
        return False
