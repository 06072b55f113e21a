"""A run while it is live: prepare, execute, record, report. The order of a run, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, NamedTuple

from hub.accounting import export_ledger, forget, state_file
from hub.checkpoint import weights_digest
from hub.clock import Stopwatch
from hub.engine import Placement
from hub.engines import Choice
from hub.errors import EvaldockError, InterruptedRunError
from hub.execution import Workplace, ended_well, execute, read_again, unrun, with_identity
from hub.files import write_atomic
from hub.gateway import Gateway
from hub.interrupts import held, undisturbed
from hub.job import PREVIOUS, Mount
from hub.jobfolder import PREVIOUS as SHELF
from hub.jobfolder import shelve
from hub.observer import (
    EngineChosen,
    Event,
    JobChanged,
    Observer,
    Preparing,
    RunEnded,
    RunResumed,
    RunStarted,
    to_plain,
)
from hub.plan import Plan, PlannedJob, host_path
from hub.prepare import Desk, Environments, fetch_missing, make_environments
from hub.registry import load_adapter
from hub.report import EndState, JobReport, JobState, Report, run_state
from hub.reporting import write_report
from hub.routes import WhoAnswers, route_of
from hub.runs import FINAL, JobRecord, RunFolder, read_job
from hub.settings import Settings

_CHANGED_WHILE_PREPARING = ("state", "reason", "ended_at", "engine", "engine_reason")
_OPEN = {JobState.QUEUED, JobState.PREPARING, JobState.RUNNING, JobState.NORMALIZING}


class Course(NamedTuple):
    """What a run does with one job: keep its report, read what it left, or start it; `anew`: without its past."""

    step: Literal["keep", "read", "start"]
    anew: bool = False


def just_begin(_environments: Environments, _jobs: tuple[PlannedJob, ...]) -> None:
    """Change nothing: the run is new."""


@dataclass(frozen=True)
class Outset:
    """What a run sets out with.

    Attributes:
        plan: all its jobs, those that are kept, too.
        courses: by job; one that is missing is started.
        who: says who answers at an endpoint.
        begin: called once all is prepared. It raises where that is not what the run began with; else it makes the run
            folder ready. Until it returns, a run that is resumed can still be left as it was.
        resumed: whether the run had begun before.
    """

    plan: Plan
    choice: Choice
    who: WhoAnswers
    courses: Mapping[str, Course]
    begin: Callable[[Environments, tuple[PlannedJob, ...]], None] = just_begin
    resumed: bool = False

    def course(self, job_id: str) -> Course:
        """Return what becomes of a job."""
        return self.courses.get(job_id, Course("start"))


class LiveRun:
    """One run whose lock the caller holds: its folder, its outset, and what has been found out since."""

    def __init__(self, folder: RunFolder, outset: Outset, settings: Settings, observe: Observer) -> None:
        """Touch nothing yet."""
        self.folder = folder
        self.choice = outset.choice
        self.settings = settings
        self._outset = outset
        self._observer = observe
        self._jobs = tuple(part for part in outset.plan.jobs if outset.course(part.id).step != "keep")
        self._reports: dict[str, JobReport] = {}
        self._former = folder.record if outset.resumed else None  # until the run is under way
        self._lost = self._broken_off = False
        self._clock = Stopwatch(None if outset.resumed else folder.record.created_at)

    def observe(self, event: Event) -> None:
        """Keep the event (build lines apart: they have a file of their own) and pass it on."""
        if isinstance(event, Preparing):
            with (self.folder.path / "prepare.log").open("a", encoding="utf-8") as file:
                file.write(f"{event.what}: {event.line}\n")
        else:
            self.folder.log_event(to_plain(event))
        if isinstance(event, JobChanged):
            begun = {"starts": self._starts(event.job) + 1} if event.state is JobState.PREPARING else {}
            self.folder.update_job(event.job, state=event.state, reason=event.reason, **begun)
        self._observer(event)

    def go(self) -> Report:
        """Carry the run out and return its report; see `hub.orchestrator.run`."""
        try:
            with suppress(KeyboardInterrupt):  # the report says what became of each job
                self._open()
                self._execute(self._prepare())
            with undisturbed():
                self._require_begun()
                self._cancel_rest()
                return self._report()
        except EvaldockError as error:
            self._give_up(error)
            raise
        except OSError as error:
            failure = _lost_ground(self.folder.path, error)
            with suppress(OSError):  # a full disk takes no last word either; the state then is `interrupted`
                self._give_up(failure)
            raise failure from error
        except Exception as error:
            self._give_up(EvaldockError(f"unexpected {type(error).__name__}: {error}"))
            raise

    def _open(self) -> None:
        run_id, place = self.folder.record.run_id, str(self.folder.path)
        ids = tuple(planned.id for planned in self._outset.plan.jobs)
        if not self._outset.resumed:
            self.observe(RunStarted(run_id, place, ids))
            return
        self.folder.update(state="preparing", reason="", ended_at=None)
        kept = tuple(name for name in ids if self._outset.course(name).step == "keep")
        self.observe(RunResumed(run_id, place, ids, kept))

    def _prepare(self) -> Environments:
        plan = replace(self._outset.plan, jobs=self._jobs)
        gpus = any(planned.job.gpus for planned in self._jobs)
        self.choice, environments = make_environments(
            self.choice, plan.images, self.settings, self.observe, gpus=gpus
        )
        engine = self.choice.engine
        self.folder.update(engine=engine.name, engine_reason=self.choice.reason)
        self.observe(EngineChosen(engine.name, self.choice.reason, engine.isolation))
        desk = Desk(self.folder.record.run_id, self.folder.path, self.settings, self.observe)
        fetch_missing(plan, environments, engine, desk)
        self._jobs = tuple(self._identified(planned) for planned in self._jobs)
        with undisturbed():
            self._outset.begin(environments, self._jobs)
            self._former = None
        return environments

    def _identified(self, planned: PlannedJob) -> PlannedJob:
        for asset in planned.assets:
            if asset.kind == "model":
                digest = weights_digest(host_path(asset, self.settings.cache_dir))
                return with_identity(planned, f"{planned.evaluation.model.identity} {digest}")
        return planned

    def _execute(self, environments: Environments) -> None:
        record, engine = self.folder.record, self.choice.engine
        self._reports = {report.id: report for report in self._kept()}
        self.folder.update(state="running", jobs=tuple(self._placed(job, environments) for job in record.jobs))
        with held() as interrupted, self._gateway() as gateway:  # its end, too, is not to be cut short
            work = Workplace(
                record.run_id,
                engine,
                environments,
                self.observe,
                gateway.alive if gateway else _no_gateway,
                interrupted,
                settle=self._settle,
            )
            for planned in self._jobs:
                if interrupted() or self._lost:
                    break
                self._keep(self._carry_out(planned, gateway, work))
                self._lost = gateway is not None and planned.job.gateway and not gateway.alive()

    def _kept(self) -> Iterator[JobReport]:
        for planned in self._outset.plan.jobs:
            report = read_job(self.folder, planned.id) if self._outset.course(planned.id).step == "keep" else None
            if report is not None:
                yield report

    def _placed(self, job: JobRecord, environments: Environments) -> JobRecord:
        """Return a job's line with what it will run in, and on which weights."""
        planned = next((part for part in self._jobs if part.id == job.id), None)
        if planned is None:
            return job
        weights = planned.evaluation.model.identity if planned.evaluation.model.via == "in_job" else ""
        return job.model_copy(update={"environment": environments[planned.job.image], "weights": weights})

    def _gateway(self) -> AbstractContextManager[Gateway | None]:
        """Return the gateway of the jobs that need one; None where no job does."""
        gate, run_id = self._outset.plan.gateway, self.folder.record.run_id
        routes = []
        for planned in self._jobs:
            if planned.job.gateway:
                folder = self.folder.job_folder(planned.id)
                user, session = self.choice.engine.job_user(folder), self._starts(planned.id) + 1
                routes.append(route_of(planned, gate, self._outset.who, user=user, session=session, folder=folder))
        return Gateway.start(self.settings, run_id, tuple(routes)) if routes else nullcontext()

    def _carry_out(self, planned: PlannedJob, gateway: Gateway | None, work: Workplace) -> JobReport:
        """Read what the job left where that is all it needs, else run it."""
        folder, adapter = self.folder.job_folder(planned.id), load_adapter(planned.evaluation.backend)
        course = self._outset.course(planned.id)
        if course.step == "read" and (outcome := ended_well(folder)):
            report = read_again(planned, adapter, folder, outcome, work)
            if report.state is JobState.SUCCEEDED or work.interrupted():
                return report
        if self._starts(planned.id):
            export_ledger(folder, planned.id, self._state_file, self._starts(planned.id))
            shelve(folder)
        sockets = gateway.socket_dir(planned.id) if gateway and planned.job.gateway else None
        place = Placement(work.run_id, folder, sockets)
        return execute(_with_past(planned, folder, course), adapter, place, work)

    def _settle(self, job_id: str) -> None:
        """Have the job's calls written down before its output is read."""
        export_ledger(self.folder.job_folder(job_id), job_id, self._state_file, self._starts(job_id))

    def _keep(self, report: JobReport) -> None:
        whole = report.model_copy(update={"starts": self._starts(report.id)})
        write_atomic(self.folder.job_folder(report.id) / "job.json", whole.model_dump_json(indent=2) + "\n")
        self._reports[report.id] = whole

    def _starts(self, job_id: str) -> int:
        found = self.folder.record.job(job_id)
        return found.starts if found else 0

    @property
    def _state_file(self) -> Path:
        return state_file(self.settings, self.folder.record.run_id)

    def _require_begun(self) -> None:
        """Refuse to report on a run that was resumed and interrupted before anything was done.

        Raises:
            InterruptedRunError: so it was; the run stays what it was.
        """
        if self._former is not None:
            raise InterruptedRunError("interrupted before anything was done: the run is as it was")

    def _cancel_rest(self) -> None:
        """Say of each job that was not reached that it was cancelled, or what it was before the run was resumed."""
        for planned in self._outset.plan.jobs:
            if planned.id not in self._reports:
                self._broken_off = True
                reason = "the run was stopped before this job"
                report = read_job(self.folder, planned.id) or unrun(planned, JobState.CANCELLED, reason)
                self.observe(JobChanged(planned.id, report.state, report.reason))
                self._reports[planned.id] = report

    def _give_up(self, error: EvaldockError) -> None:
        if self._former is not None:
            self.folder.update(**{name: getattr(self._former, name) for name in _CHANGED_WHILE_PREPARING})
            return
        if self.folder.record.state in FINAL:
            return  # the report is whole; what could not be added to it is in the message
        (self.folder.path / "report.json").unlink(missing_ok=True)
        for job in self.folder.record.jobs:
            if job.state in _OPEN:
                self.folder.update_job(job.id, state=JobState.FAILED, reason=error.message)
        self.folder.update(state="failed", reason=str(error), ended_at=self._clock.now)
        error.hint = error.hint or f"`evaldock resume {self.folder.record.run_id}` goes on with it"

    def _report(self) -> Report:
        reports = tuple(self._reports[planned.id] for planned in self._outset.plan.jobs)
        state = self._end_state(run_state(tuple(job.state for job in reports)))
        if self._lost and state == "failed":
            self.folder.update(reason="the gateway died, through which jobs reach their models")
        warnings = (*self._outset.plan.skipped, *self.folder.record.warnings)
        report = write_report(self.folder, reports, state, warnings=warnings, ended_at=self._clock.now)
        if state == "succeeded":
            forget(self._state_file)  # nobody will ask for them again
        self.observe(RunEnded(report.state))
        return report

    def _end_state(self, folded: EndState) -> EndState:
        if folded == "succeeded":
            return folded
        return "failed" if self._lost else "cancelled" if self._broken_off else folded


def _no_gateway() -> bool:
    return False


def _with_past(planned: PlannedJob, folder: Path, course: Course) -> PlannedJob:
    """Return the job with what its last start left, where it loads the weights itself: no cache remembers that."""
    past = folder / SHELF / "output"
    if course.anew or planned.evaluation.model.via != "in_job" or not past.is_dir():
        return planned
    job = replace(planned.job, mounts=(*planned.job.mounts, Mount(past, PREVIOUS)))
    return replace(planned, job=job)


def _lost_ground(folder: Path, error: OSError) -> EvaldockError:
    if not folder.is_dir():
        return EvaldockError(f"the run cannot go on: its folder {folder} was removed while it ran: {error.strerror}")
    return EvaldockError(f"the run cannot go on: {error}", hint=f"see {folder}")
