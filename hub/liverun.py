"""A run while it is live: open, prepare, carry out, report. The order of a run, and nothing else."""

from __future__ import annotations

import errno
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from hub import answers
from hub.checkpoint import weights_digest
from hub.clock import Stopwatch
from hub.errors import EvaldockError, InterruptedRunError
from hub.execution import unrun, with_identity
from hub.interrupts import undisturbed
from hub.jobs import Jobs
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
from hub.outset import Outset
from hub.plan import PlannedJob, host_path
from hub.prepare import Desk, Environments, fetch_missing, images_of, make_environments
from hub.report import EndState, JobReport, JobState, Report, Stretch, run_state
from hub.reporting import write_report
from hub.routes import knowing
from hub.runs import FINAL, RunFolder, read_job
from hub.server import PlannedServer, is_served
from hub.serving.live import read_servers
from hub.settings import Settings
from hub.statedisk import state_findings
from hub.stretches import stretches

_CHANGED_WHILE_PREPARING = ("state", "reason", "ended_at", "engine", "engine_reason")
_OPEN = {JobState.QUEUED, JobState.PREPARING, JobState.RUNNING, JobState.NORMALIZING}
_FULL = {errno.ENOSPC, errno.EDQUOT}
_UNREACHED = "the run was stopped before this job"


class LiveRun:
    """One run whose lock the caller holds: its folder, its outset, and what has been found out since."""

    def __init__(self, folder: RunFolder, outset: Outset, settings: Settings, observe: Observer) -> None:
        """Touch nothing yet."""
        self.folder = folder
        self._outset = outset
        self._choice = outset.choice
        self._settings = settings
        self._observer = observe
        self._telling = threading.RLock()
        self._reports: dict[str, JobReport] = {}
        self._former = folder.record if outset.resumed else None  # until the run is under way
        self._lost = ""
        self._unsafe = tuple(f"{found.message}; {found.mend}" for found in state_findings(settings))
        self._earlier: tuple[Stretch, ...] = ()
        self._clock = Stopwatch(None if outset.resumed else folder.record.created_at)

    def observe(self, event: Event) -> None:
        """Keep the event (build lines apart: they have a file of their own) and pass it on."""
        with self._telling:  # servers are looked after in threads
            if isinstance(event, Preparing):
                with (self.folder.path / "prepare.log").open("a", encoding="utf-8") as file:
                    file.write(f"{event.what}: {event.line}\n")
            else:
                self.folder.log_event(to_plain(event))
            if isinstance(event, JobChanged):
                self._note(event)
            self._observer(event)

    def _note(self, event: JobChanged) -> None:
        record = self.folder.record.job(event.job)
        begun = {"starts": record.starts + 1} if record and event.state is JobState.PREPARING else {}
        self.folder.update_job(event.job, state=event.state, reason=event.reason, **begun)

    def go(self) -> Report:
        """Carry the run out and return its report; see `hub.orchestrator.run`."""
        try:
            with suppress(KeyboardInterrupt):  # the report says what became of each job
                self._open()
                self._carry_out(*self._prepare())
            with undisturbed():
                return self._close()
        except EvaldockError as error:
            self._give_up(error)
            raise
        except OSError as error:
            failure = _lost_ground(self.folder, error)
            with suppress(OSError):  # a full disk takes no last word either; the state then is `interrupted`
                self._give_up(failure)
            raise failure from error
        except Exception as error:
            self._give_up(EvaldockError(f"unexpected {type(error).__name__}: {error}"))
            raise

    def _open(self) -> None:
        run_id, place = self.folder.record.run_id, str(self.folder.path)
        ids = tuple(planned.id for planned in self._outset.plan.jobs)
        if self._outset.resumed:
            self._earlier = stretches(self.folder.events())
            self.folder.update(state="preparing", reason="", ended_at=None)
            self.observe(RunResumed(run_id, place, ids, self._outset.kept))
        else:
            self.observe(RunStarted(run_id, place, ids))
        for text in self._unsafe:
            self.observe(Preparing("state folder", text))
        for text in self._outset.plan.cautions:
            self.observe(Preparing("note", f"note: {text}"))

    def _prepare(self) -> tuple[Environments, tuple[PlannedJob, ...]]:
        """Make what the jobs need that are not kept; return it, and the jobs with what is known only now."""
        left = tuple(part for part in self._outset.plan.jobs if part.id not in self._outset.kept)
        plan = self._outset.plan.with_jobs(left)
        gpus = plan.needs_gpus
        self._choice, environments = make_environments(
            self._choice, images_of(plan, self._settings), self._settings, self.observe, gpus=gpus
        )
        engine = self._choice.engine
        self.folder.update(engine=engine.name, engine_reason=self._choice.reason)
        self.observe(EngineChosen(engine.name, self._choice.reason, engine.isolation))
        desk = Desk(self.folder.record.run_id, self.folder.path, self._settings, self.observe)
        fetch_missing(plan, environments, engine, desk)
        served = self._served(plan.servers)
        return environments, tuple(self._identified(planned, served) for planned in left)

    def _served(self, servers: tuple[PlannedServer, ...]) -> dict[str, str]:
        """Return, and have everybody know, what stands behind servers, with the digests of weights and adapters."""
        found = {}
        for server in servers:
            folders = (host_path(asset, self._settings.cache_dir) for asset in server.assets)
            found[server.name] = " ".join((server.identity, *map(weights_digest, folders)))
        known = (replace(part, identity=found.get(part.name, part.identity)) for part in self._outset.plan.servers)
        plan = replace(self._outset.plan, servers=tuple(known))
        self._outset = replace(self._outset, plan=plan, who=knowing(self._outset.who, found))
        return found

    def _identified(self, planned: PlannedJob, served: Mapping[str, str]) -> PlannedJob:
        if planned.servers:
            behind = {role: served[str(part.model)] for role, part in planned.upstreams.items() if is_served(part)}
            planned = replace(planned, served=behind)
            if "simulator" in behind:
                evaluation = replace(planned.evaluation, simulator=behind["simulator"])
                planned = replace(planned, evaluation=evaluation)
            if "candidate" in behind:
                return with_identity(planned, behind["candidate"])
        for asset in planned.assets:
            if asset.kind == "model":
                digest = weights_digest(host_path(asset, self._settings.cache_dir))
                return with_identity(planned, f"{planned.evaluation.model.identity} {digest}")
        return planned

    def _carry_out(self, environments: Environments, left: tuple[PlannedJob, ...]) -> None:
        with undisturbed():
            self._outset.begin(environments, left)
            self._former = None
        for job_id in self._outset.kept:
            if report := read_job(self.folder, job_id):
                self._reports[job_id] = report
        jobs = Jobs(self.folder, self._outset, self._settings, left)
        for report in jobs.carry_out(self._choice.engine, environments, self.observe):
            self._reports[report.id] = report
        self._lost = jobs.lost

    def _close(self) -> Report:
        """Say what became of the jobs that were not reached, and write the report.

        Raises:
            InterruptedRunError: a resumed run was interrupted before anything was done; it stays what it was.
        """
        if self._former is not None:
            raise InterruptedRunError("interrupted before anything was done: the run is as it was")
        unreached = [planned for planned in self._outset.plan.jobs if planned.id not in self._reports]
        for planned in unreached:  # one that was not reached by a resume stays what it was
            report = read_job(self.folder, planned.id) or unrun(planned, JobState.CANCELLED, _UNREACHED)
            self.observe(JobChanged(planned.id, report.state, report.reason))
            self._reports[planned.id] = report
        return self._report(broken_off=bool(unreached))

    def _report(self, *, broken_off: bool) -> Report:
        reports = tuple(self._reports[planned.id] for planned in self._outset.plan.jobs)
        state: EndState = run_state(tuple(job.state for job in reports))
        skipped = (f"left out by the plan: {text}" for text in self._outset.plan.skipped)
        warnings = [*skipped, *self._outset.plan.cautions, *self.folder.record.warnings, *self._unsafe]
        if state == "succeeded":
            warnings += filter(None, (self._lost,))
        elif self._lost:
            state = "failed"
            self.folder.update(reason=f"{self._lost}; `evaldock resume {self.folder.record.run_id}` goes on with it")
        elif broken_off:
            state = "cancelled"
        this_one = Stretch(started_at=self._clock.started_at, ended_at=self._clock.now)
        at_work = (*self._earlier, this_one)
        servers = read_servers(self.folder.path, (server.name for server in self._outset.plan.servers))
        report = write_report(
            self.folder, reports, state, warnings=tuple(warnings), stretches=at_work, servers=servers
        )
        if state == "succeeded":
            answers.remove(self._settings.state_dir, report.run_id)  # nobody will ask for them again
        self.observe(RunEnded(report.state))
        return report

    def _give_up(self, error: EvaldockError) -> None:
        if self._former is not None:
            self.folder.update(**{name: getattr(self._former, name) for name in _CHANGED_WHILE_PREPARING})
            self.observe(RunEnded(self._former.state if self._former.state in FINAL else "interrupted"))
            return
        if self.folder.record.state in FINAL:
            return  # the report is whole; what could not be added to it is in the message
        (self.folder.path / "report.json").unlink(missing_ok=True)
        for job in self.folder.record.jobs:
            if job.state in _OPEN:
                self.folder.update_job(job.id, state=JobState.FAILED, reason=error.message)
        self.folder.update(state="failed", reason=str(error), ended_at=self._clock.now)
        self.observe(RunEnded("failed"))
        error.hint = error.hint or f"`evaldock resume {self.folder.record.run_id}` goes on with it"


def _lost_ground(run: RunFolder, error: OSError) -> EvaldockError:
    folder, left = run.path, run.record.state not in FINAL
    if not folder.is_dir():
        return EvaldockError(f"the run cannot go on: its folder {folder} was removed while it ran: {error.strerror}")
    if error.errno in _FULL:
        message = f"the run cannot go on: the disk of {folder} is full: {error.strerror}"
        then = f"then `evaldock resume {run.record.run_id}` goes on with it" if left else f"see {folder}"
        return EvaldockError(message, hint=f"make room there; {then}")
    return EvaldockError(f"the run cannot go on: {error}", hint=f"see {folder}")
