"""resume: go on with a run whose hub has ended, as long as what makes its results is what it began with."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hub import answers
from hub.difference import Difference, differences
from hub.engines import make_engine
from hub.errors import ChangedRunError, EvaldockError, PrerequisiteError, RunError
from hub.files import write_atomic
from hub.hardware import describe
from hub.identity import Acquaintance, Reunion, address_of
from hub.images import made_alike
from hub.jobfolder import shelve
from hub.jobs import ended_well
from hub.liverun import LiveRun
from hub.observer import Observer, Preparing, silent
from hub.orchestrator import Request, adapters_of, clear_leftovers, identities_of, plan_task, plan_text, survey
from hub.outset import Course, Outset
from hub.overrides import Changes, changed
from hub.owndata import OwnData, changed_data, own_data
from hub.plan import Plan, PlannedJob
from hub.prepare import Environments
from hub.report import JobState, Report
from hub.reporting import remove_report
from hub.runs import JobRecord, RunFolder, open_run, read_job, read_report
from hub.settings import Settings
from hub.source import read_source
from hub.taskfile import LoadedTask, validate
from hub.text import count_of
from hub.version import VERSION

_MOST_SHOWN = 20


@dataclass(frozen=True)
class Wish:
    """How a run is to be resumed.

    Attributes:
        request: as for a new run; no engine means the run's own.
        changes: of the task; what makes results can be changed only by force.
        force: go on with what has changed: finished jobs that it does not concern are kept, the others run anew.
    """

    request: Request = field(default_factory=Request)
    changes: Changes = field(default_factory=Changes)
    force: bool = False


def resume(
    run: RunFolder, settings: Settings, wish: Wish | None = None, observe: Observer = silent
) -> tuple[Report, Path]:
    """Carry a run on to its end; return its report and folder. Of one that has succeeded, only that.

    Jobs that have succeeded are kept, one that had ended and was not read is read, the others are started again; what
    a model has answered comes from the run's cache.

    Raises:
        RunError: an older version began it, or another process drives it.
        ChangedRunError: what makes its results has changed; nothing was done.
        TaskError, PrerequisiteError: as for a new run, also where another model answers; the run stays what it was.
        ImageError: an image could not be made; the run stays what it was.
        EngineError, GatewayError: the run says `failed` and why.
    """
    wish = wish or Wish()
    require_resumable(run)
    if run.record.state == "succeeded":
        return read_report(run), run.path
    _reap(run, settings, observe)
    with run.lock():
        current = open_run(run.path)  # another may have resumed it since
        if current.record.state == "succeeded":
            return read_report(current), current.path
        outset = _Resumption(current, settings, wish).outset(observe)
        return LiveRun(current, outset, settings, observe).go(), current.path


def require_resumable(run: RunFolder) -> None:
    """Refuse a run that lacks what resume needs.

    Raises:
        RunError: an older version began it.
    """
    if not run.record.folder:
        version = run.record.evaldock_version
        message = f"run {run.record.run_id!r} was begun by evaldock {version}, which kept too little to resume it"
        raise RunError(message, hint=f"run its task again: {run.path / 'task.yaml'}")


def load_again(run: RunFolder, wish: Changes) -> LoadedTask:
    """Return the run's own task, as it was last changed by a resume, with the changes of this one.

    Raises:
        TaskError: as for a task file; variables in it may be set no more.
    """
    numbers = range(len(run.record.resumed_at), 0, -1)
    kept = (path for number in numbers if (path := _resumed_task(run, number)).is_file())
    source = read_source(next(kept, run.path / "task.yaml"))
    return validate(changed(source, wish), Path(run.record.folder))


def _resumed_task(run: RunFolder, number: int) -> Path:
    return run.path / f"task.resumed-{number}.yaml"


def recorded_plan(run: RunFolder) -> dict[str, Any]:
    """Return plan.json.

    Raises:
        RunError: it is missing or cannot be read.
    """
    path = run.path / "plan.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}") from error
    return found


def changes_since(run: RunFolder, task: LoadedTask, plan: Plan, data: OwnData) -> tuple[Difference, ...]:
    """Return what makes results and is not as it was when the run began, as far as nothing must be prepared to tell.

    Raises:
        RunError: what the run planned cannot be read.
    """
    return (*differences(recorded_plan(run), plan, adapters_of(task)), *changed_data(run.record, plan, data))


def _reap(run: RunFolder, settings: Settings, observe: Observer) -> None:
    """Remove what the run's dead hub left; before its lock is taken, by which the engine knows that it is dead."""
    if run.record.engine:
        try:
            clear_leftovers(make_engine(run.record.engine, settings), settings, observe)
        except PrerequisiteError as error:  # where it is needed again, the check says so
            observe(Preparing("leftovers", f"not looked for: {error.message}"))


class _Resumption:
    """One run that is to go on: what has changed since, and what becomes of its jobs."""

    def __init__(self, run: RunFolder, settings: Settings, wish: Wish) -> None:
        self.run = run
        self._settings = settings
        self._wish = wish
        self._task = load_again(run, wish.changes)
        self._plan = plan_task(self._task, settings)
        self._data = own_data(self._plan)
        self._models = Reunion(run.record.upstreams, Acquaintance())
        self._warnings = [*run.record.warnings, *_elsewhere(run)]
        self._courses: dict[str, Course] = {}

    def outset(self, observe: Observer) -> Outset:
        """Decide what becomes of each job, and look whether all is there that they need; changes nothing."""
        found = changes_since(self.run, self._task, self._plan, self._data)
        self._allow(found)
        concerned = {difference.job for difference in found}
        self._courses |= {part.id: self._course(part, changed=part.id in concerned) for part in self._plan.jobs}
        left = tuple(part for part in self._plan.jobs if self._courses[part.id].step != "keep")
        engine = self._wish.request.engine or self.run.record.engine
        ground = survey(self._plan.with_jobs(left), self._settings, self._wish.request, engine)
        self._models = Reunion(self.run.record.upstreams, ground.met)
        choice = ground.choice
        if not self._wish.request.engine:
            choice = replace(choice, reason=self.run.record.engine_reason)
        self._require_same_models(left)
        self._tell_lost_answers(left, observe)
        return Outset(self._plan, choice, self._models.identity, self._courses, self._begin, resumed=True)

    def _allow(self, found: Iterable[Difference]) -> None:
        listed = tuple(found)
        if listed and not self._wish.force:
            raise _refusal(self.run, listed)

    def _course(self, planned: PlannedJob, *, changed: bool) -> Course:
        if changed:
            return Course("start", anew=True)
        report = read_job(self.run, planned.id)
        if report is not None:
            return Course("keep" if report.state is JobState.SUCCEEDED else "start")
        return Course("read" if ended_well(self.run.job_folder(planned.id)) else "start")

    def _require_same_models(self, left: Iterable[PlannedJob]) -> None:
        """Refuse where another model answers; by force, have the report say whose answers the kept jobs have.

        Raises:
            PrerequisiteError: it does.
        """
        for address in dict.fromkeys(address_of(part) for planned in left for part in planned.upstreams.values()):
            found = self._models.changes(address)
            if not found:
                continue
            what = f"the model {address.model!r} behind {address.url}"
            if not self._wish.force:
                message = f"{what} is not the one that answered before: {', '.join(found)}"
                raise PrerequisiteError(message, hint=f"serve that one again, or {_by_force(self.run)}")
            kept = [planned.id for planned in self._kept() if address in map(address_of, planned.upstreams.values())]
            if kept:
                self._warnings.append(f"{', '.join(kept)}: {what} has changed since: {', '.join(found)}")

    def _kept(self) -> Iterator[PlannedJob]:
        return (planned for planned in self._plan.jobs if self._courses[planned.id].step == "keep")

    def _tell_lost_answers(self, left: Iterable[PlannedJob], observe: Observer) -> None:
        file = answers.run_file(self._settings.state_dir, self.run.record.run_id)
        begun = any(self._record(planned.id).starts for planned in left if planned.upstreams)
        if begun and self._plan.gateway.cache == "run" and not file.exists():
            line = f"what models have answered is not on this machine ({file}): it is asked again"
            observe(Preparing("answers", line))

    def _record(self, job_id: str) -> JobRecord:
        planned = next(part for part in self._plan.jobs if part.id == job_id)
        fresh = JobRecord(id=job_id, model=planned.evaluation.model.name, backend=planned.evaluation.backend)
        return self.run.record.job(job_id) or fresh

    def _begin(self, environments: Environments, jobs: tuple[PlannedJob, ...]) -> None:
        """Refuse what was prepared where it is not what the run began with, else make its folder ready to go on.

        Raises:
            ChangedRunError: another image, other weights.
        """
        found = tuple(self._of_what_was_prepared(environments, jobs))
        self._allow(found)
        self._warnings.extend(self._built_again(environments))
        for job_id in {difference.job for difference in found}:
            self._note_or_renew(job_id, [difference for difference in found if difference.job == job_id])
        for planned in self._plan.jobs:
            if self._courses[planned.id].anew:
                shelve(self.run.job_folder(planned.id))  # before plan.json says that it is what the job was
        write_atomic(self.run.path / "plan.json", plan_text(self._plan))
        number = len(self.run.record.resumed_at) + 1
        if self._wish.changes != Changes():
            write_atomic(_resumed_task(self.run, number), self._task.source.text)
        remove_report(self.run)
        self.run.update(
            jobs=tuple(self._queued(planned) for planned in self._plan.jobs),
            resumed_at=(*self.run.record.resumed_at, time.time()),
            upstreams=identities_of(self._plan, self._models.identity),
            warnings=tuple(dict.fromkeys(self._warnings)),
        )

    def _of_what_was_prepared(self, environments: Environments, jobs: tuple[PlannedJob, ...]) -> Iterator[Difference]:
        for planned in self._plan.jobs:
            record, new = self._record(planned.id), environments.get(planned.job.image)
            if record.environment and new and not made_alike(record.environment, new):
                yield Difference(planned.id, "image digest", record.environment.digest, new.digest)
        for planned in jobs:
            old, weights = self._record(planned.id).weights, planned.weights
            if old and old != weights:
                yield Difference(planned.id, "weights", old, weights)

    def _built_again(self, environments: Environments) -> Iterator[str]:
        for planned in self._plan.jobs:
            old, new = self._record(planned.id).environment, environments.get(planned.job.image)
            if old and new and old.digest != new.digest and made_alike(old, new):
                yield f"image {new.reference} was built again from the same: it was {old.digest}, is now {new.digest}"

    def _note_or_renew(self, job_id: str, found: list[Difference]) -> None:
        """Have the report say that a kept job ran in something else; start another one without its past."""
        if self._courses[job_id].step == "keep":
            self._warnings.extend(f"{part.job}: {part.key} was {part.old}, is now {part.new}" for part in found)
        else:
            self._courses[job_id] = Course("start", anew=True)

    def _queued(self, planned: PlannedJob) -> JobRecord:
        state = JobState.SUCCEEDED if self._courses[planned.id].step == "keep" else JobState.QUEUED
        now = {"state": state, "reason": "", "data": self._data[planned.id]}
        return self._record(planned.id).model_copy(update=now)


def _elsewhere(run: RunFolder) -> Iterator[str]:
    """Yield what is another now than when the run began, and changes no plan: who reads the report must know."""
    began, gpus = run.record.evaldock_version, run.record.hardware.get("gpus", "none")
    if began != VERSION:
        yield f"begun by evaldock {began}, resumed by {VERSION}"
    if (now := describe().get("gpus", "none")) != gpus:
        yield f"begun on GPUs {gpus}, resumed on {now}"


def _refusal(run: RunFolder, found: tuple[Difference, ...]) -> EvaldockError:
    lines = [f"  {difference}" for difference in found[:_MOST_SHOWN]]
    if len(found) > _MOST_SHOWN:
        lines.append(f"  and {len(found) - _MOST_SHOWN} more")
    began = run.record.evaldock_version
    versions = "" if began == VERSION else f" (evaldock {began} began it, this is {VERSION})"
    what = f"{count_of(len(found), 'thing')} that make{'s' if len(found) == 1 else ''} results changed{versions}"
    message = f"run {run.record.run_id!r} cannot go on as it began: {what}\n" + "\n".join(lines)
    return ChangedRunError(message, hint=_by_force(run))


def _by_force(run: RunFolder) -> str:
    way = f"`evaldock resume {run.record.run_id} --force`"
    return f"{way} keeps finished jobs that this does not concern, and runs the others anew"
