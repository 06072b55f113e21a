"""run: check, prepare, execute, record, normalise, report. The order of a run, and nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

from hub import answers, hardware
from hub.adapter import Adapter
from hub.check import check_images, check_inputs, require
from hub.checkpoint import weights_digest
from hub.clock import Stopwatch
from hub.downloads import Download, download_findings, downloads_of
from hub.endpoint import normalize_base_url
from hub.engine import Engine, Placement
from hub.engines import Choice, choose_engine
from hub.errors import EvaldockError, PrerequisiteError
from hub.execution import Workplace, execute, unrun, with_identity
from hub.files import write_atomic
from hub.finding import Finding
from hub.gateway import Books, Gateway, Interceptor, Prices, Retry, Route, Upstream, sweep_sockets
from hub.interrupts import held, undisturbed
from hub.observer import (
    EngineChosen,
    Event,
    JobChanged,
    Observer,
    Preparing,
    RunEnded,
    RunStarted,
    silent,
    to_plain,
)
from hub.offline import choose_built, offline_findings
from hub.plan import Machine, Plan, PlannedJob, host_path, make_plan
from hub.prepare import Desk, fetch_missing, make_environments
from hub.registry import load_adapter
from hub.render.html.page import write_html
from hub.render.markdown import render_markdown
from hub.render.plan import plan_to_json
from hub.report import EnvironmentRecord, JobReport, JobState, Report, run_state
from hub.runs import FINAL, JobRecord, RunFolder, RunRecord, create_run, new_run_id
from hub.settings import Settings
from hub.space import check_space, needs_of
from hub.spec import GatewaySpec, JudgeSpec, ModelSpec
from hub.taskfile import LoadedTask
from hub.version import VERSION


def agree(_downloads: tuple[Download, ...]) -> None:
    """Refuse no download."""


@dataclass(frozen=True)
class Request:
    """What to run and how, beyond the task itself; None leaves the task's own word.

    `consent` hears what will be downloaded, before anything is made, and raises to refuse.
    """

    engine: str | None = None
    offline: bool = False
    consent: Callable[[tuple[Download, ...]], None] = agree


def plan_task(task: LoadedTask, settings: Settings) -> Plan:
    """Return the task's plan on this machine.

    Raises:
        TaskError: the task asks for what a backend or this machine cannot give.
    """
    adapters = adapters_of(task)
    machine = Machine(tuple(hardware.gpu_names()), settings.cache_dir)
    return make_plan(task.spec, task.source, task.folder, adapters, machine)


def preview(task: LoadedTask, settings: Settings, engine: str | None = None) -> tuple[Plan, tuple[Finding, ...], str]:
    """Return the plan, what a check finds, and the engine that a run would take; starts and creates nothing.

    Raises:
        TaskError: as `plan_task`.
    """
    plan = plan_task(task, settings)
    wanted = engine or task.spec.engine
    gpus = any(planned.job.gpus for planned in plan.jobs)
    findings = check_inputs(plan, settings)
    try:
        choice = choose_engine(wanted, settings, gpus=gpus, probe=False)
    except PrerequisiteError as error:
        stop = Finding("missing", f"engine {wanted}", error.message, error.hint)
        return plan, (stop, *findings, *_cost(plan, None, settings)), "engine   none"
    line = f"engine   {choice.engine.name} (isolation: {choice.engine.isolation}): {choice.reason}"
    engine_findings = check_images(plan.images, choice.engine, settings)
    return plan, (*engine_findings, *findings, *_cost(plan, choice.engine, settings)), line


def _cost(plan: Plan, engine: Engine | None, settings: Settings) -> tuple[Finding, ...]:
    """Return what would be downloaded, and whether the disks have room for it."""
    downloads = downloads_of(plan, settings)
    return (*download_findings(downloads), *check_space(needs_of(plan, downloads, engine, settings)))


def adapters_of(task: LoadedTask) -> dict[str, Adapter]:
    """Import the adapters that the task names."""
    return {name: load_adapter(name) for name in {part.backend for part in task.spec.evaluations}}


def run(
    task: LoadedTask, settings: Settings, request: Request | None = None, observe: Observer = silent
) -> tuple[Report, Path]:
    """Run a task to its end; return its report and run folder.

    Failed jobs are in the report. An interrupt (SIGINT, SIGTERM, SIGHUP) stops the job at work, cancels the rest and
    still returns the report; what has ended by then is read first.

    Raises:
        TaskError, PrerequisiteError: before any folder is made.
        ImageError, EngineError, GatewayError: the run folder says `failed` and why.
    """
    request = request or Request()
    plan = plan_task(task, settings)
    gpus = any(planned.job.gpus for planned in plan.jobs)
    choice = choose_engine(request.engine or task.spec.engine, settings, gpus=gpus)
    if request.offline:
        choice = choose_built(choice, plan, settings)
    downloads = () if request.offline else downloads_of(plan, settings)
    require(_checked(plan, settings, choice.engine, downloads, offline=request.offline))
    request.consent(downloads)
    for line in (*choice.engine.reap(), *sweep_sockets(settings.runtime_dir)):
        observe(Preparing("leftovers", line))
    with _create(task, plan, settings, choice) as folder:
        return _Run(folder, plan, settings, choice, request, observe).go(), folder.path


def _checked(
    plan: Plan, settings: Settings, engine: Engine, downloads: tuple[Download, ...], *, offline: bool
) -> tuple[Finding, ...]:
    absent = offline_findings(plan, engine, settings) if offline else download_findings(downloads)
    room = check_space(needs_of(plan, downloads, engine, settings))
    return (*check_inputs(plan, settings), *absent, *room)


def _create(task: LoadedTask, plan: Plan, settings: Settings, choice: Choice) -> AbstractContextManager[RunFolder]:
    now = time.time()
    record = RunRecord(
        evaldock_version=VERSION,
        run_id=new_run_id(plan.task, task.source.text, now),
        task=plan.task,
        task_file=task.source.file,
        created_at=now,
        engine=choice.engine.name,
        engine_reason=choice.reason,
        hardware=hardware.describe(),
        jobs=tuple(
            JobRecord(id=planned.id, model=planned.evaluation.model.name, backend=planned.evaluation.backend)
            for planned in plan.jobs
        ),
    )
    plan_text = json.dumps(plan_to_json(plan), indent=2, ensure_ascii=False) + "\n"
    return create_run(settings.runs_dir, record, task_text=task.source.text, plan_text=plan_text)


class _Run:
    """One run while it is live: its folder, its plan, and what has been found out since."""

    def __init__(
        self,
        folder: RunFolder,
        plan: Plan,
        settings: Settings,
        choice: Choice,
        request: Request,
        observe: Observer,
    ) -> None:
        self.folder = folder
        self.jobs = plan.jobs
        self.plan = plan
        self.settings = settings
        self.choice = choice
        self.request = request
        self._observer = observe
        self._reports: list[JobReport] = []
        self._clock = Stopwatch(folder.record.created_at)

    def observe(self, event: Event) -> None:
        """Keep the event (build lines apart: they have a file of their own) and pass it on."""
        if isinstance(event, Preparing):
            with (self.folder.path / "prepare.log").open("a", encoding="utf-8") as file:
                file.write(f"{event.what}: {event.line}\n")
        else:
            self.folder.log_event(to_plain(event))
        if isinstance(event, JobChanged):
            self.folder.update_job(event.job, state=event.state, reason=event.reason)
        self._observer(event)

    def go(self) -> Report:
        """Carry the run out, whose lock the caller holds; see `run`."""
        try:
            with suppress(KeyboardInterrupt):  # the report says what became of each job
                ids = tuple(planned.id for planned in self.jobs)
                self.observe(RunStarted(self.folder.record.run_id, str(self.folder.path), ids))
                self._execute(self._prepare())
            with undisturbed():
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

    def _prepare(self) -> dict[str, EnvironmentRecord]:
        gpus = any(planned.job.gpus for planned in self.jobs)
        self.choice, environments = make_environments(
            self.choice, self.plan.images, self.settings, self.observe, gpus=gpus
        )
        engine = self.choice.engine
        self.folder.update(engine=engine.name, engine_reason=self.choice.reason)
        self.observe(EngineChosen(engine.name, self.choice.reason, engine.isolation))
        desk = Desk(self.folder.record.run_id, self.folder.path, self.settings, self.observe)
        fetch_missing(self.plan, environments, engine, desk)
        self.jobs = tuple(self._identified(planned) for planned in self.jobs)
        return environments

    def _identified(self, planned: PlannedJob) -> PlannedJob:
        for asset in planned.assets:
            if asset.kind == "model":
                digest = weights_digest(host_path(asset, self.settings.cache_dir))
                return with_identity(planned, f"{planned.evaluation.model.identity} {digest}")
        return planned

    def _execute(self, environments: dict[str, EnvironmentRecord]) -> None:
        engine, record = self.choice.engine, self.folder.record
        images = {planned.id: environments[planned.job.image] for planned in self.jobs}
        jobs = tuple(job.model_copy(update={"environment": images[job.id]}) for job in record.jobs)
        self.folder.update(state="running", jobs=jobs)
        with held() as interrupted, self._gateway(engine) as gateway:  # its end, too, is not to be cut short
            work = Workplace(record.run_id, engine, environments, self.observe, gateway.alive, interrupted)
            for planned in self.jobs:
                if interrupted():
                    break
                sockets = gateway.socket_dir(planned.id) if planned.job.gateway else None
                place = Placement(work.run_id, self.folder.job_folder(planned.id), sockets)
                adapter = load_adapter(planned.evaluation.backend)
                self._reports.append(execute(planned, adapter, place, work))

    def _gateway(self, engine: Engine) -> Gateway:
        routes, gate, run_id = [], self.plan.gateway, self.folder.record.run_id
        for planned in self.jobs:
            if planned.job.gateway:
                folder = self.folder.job_folder(planned.id)
                uid, gid = engine.job_user(folder)
                upstreams = {role: _upstream(role, part, gate) for role, part in planned.upstreams.items()}
                bodies = folder / "bodies.jsonl" if gate.log_bodies else None
                routes.append(Route(planned.id, upstreams, uid, gid, bodies=bodies))
        return Gateway.start(self.settings, run_id, tuple(routes), _books(self.settings, run_id, gate))

    def _cancel_rest(self) -> None:
        known = {report.id for report in self._reports}
        for planned in self.jobs:
            if planned.id not in known:
                reason = "the run was stopped before this job"
                self.observe(JobChanged(planned.id, JobState.CANCELLED, reason))
                self._reports.append(unrun(planned, JobState.CANCELLED, reason))

    def _give_up(self, error: EvaldockError) -> None:
        if self.folder.record.state in FINAL:
            return  # the report is whole; what could not be added to it is in the message
        (self.folder.path / "report.json").unlink(missing_ok=True)
        for job in self.folder.record.jobs:
            if job.state in {JobState.QUEUED, JobState.PREPARING, JobState.RUNNING, JobState.NORMALIZING}:
                self.folder.update_job(job.id, state=JobState.FAILED, reason=error.message)
        self.folder.update(state="failed", reason=str(error), ended_at=self._clock.now)

    def _report(self) -> Report:
        record, reports = self.folder.record, tuple(self._reports)
        report = Report(
            evaldock_version=VERSION,
            run_id=record.run_id,
            task=record.task,
            state=run_state(tuple(job.state for job in reports)),
            started_at=record.created_at,
            ended_at=self._clock.now,
            engine=record.engine,
            engine_reason=record.engine_reason,
            hardware=record.hardware,
            warnings=self.plan.skipped,
            jobs=reports,
        )
        write_atomic(self.folder.path / "report.md", render_markdown(report))
        # Last of the two: a run with a report.json is finished.
        write_atomic(self.folder.path / "report.json", report.model_dump_json(indent=2) + "\n")
        self.folder.update(state=report.state, ended_at=report.ended_at)
        write_html(self.folder.path, report)
        self.observe(RunEnded(report.state))
        return report


def _lost_ground(folder: Path, error: OSError) -> EvaldockError:
    if not folder.is_dir():
        return EvaldockError(f"the run cannot go on: its folder {folder} was removed while it ran: {error.strerror}")
    return EvaldockError(f"the run cannot go on: {error}", hint=f"see {folder}")


def _books(settings: Settings, run_id: str, gateway: GatewaySpec) -> Books:
    ledger = answers.run_file(settings.state_dir, run_id)
    kept = {"run": ledger, "shared": answers.shared_file(settings.state_dir), "off": None}
    return Books(
        ledger,
        gateway.cache,
        kept[gateway.cache],
        settings.answers_bytes,
        gateway.budget.tokens,
        gateway.budget.cost,
    )


def _upstream(role: str, part: ModelSpec | JudgeSpec, gateway: GatewaySpec) -> Upstream:
    retry, prices = part.retry, part.prices
    mine = (found for found in gateway.interceptors if role in found.roles)
    return Upstream(
        normalize_base_url(str(part.endpoint)),
        str(part.model),
        part.api_key_env,
        part.concurrency,
        part.deadline_s,
        part.timeout,
        retry=Retry(retry.attempts, retry.first_wait, retry.longest_wait, retry.outage),
        requests_per_minute=part.requests_per_minute,
        tokens_per_minute=part.tokens_per_minute,
        prices=Prices(prices.input, prices.output) if prices else None,
        interceptors=tuple(Interceptor(found.kind, found.value) for found in mine),
    )
