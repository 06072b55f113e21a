"""run: plan, check, ask, make the run folder, and carry the run out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from hub import hardware
from hub.adapter import Adapter
from hub.check import check_code, check_images, check_inputs, require
from hub.downloads import Download, download_findings, downloads_of
from hub.engine import Engine
from hub.engines import Choice, choose_engine
from hub.errors import PrerequisiteError
from hub.finding import Finding
from hub.gateway import sweep_sockets
from hub.identity import Acquaintance, Address, Identity, address_of
from hub.liverun import LiveRun
from hub.observer import Observer, Preparing, silent
from hub.offline import choose_built, offline_findings
from hub.outset import Outset
from hub.owndata import own_data
from hub.plan import Machine, Plan, make_plan
from hub.registry import load_adapter
from hub.render.plan import plan_to_json
from hub.report import Report
from hub.runs import JobRecord, RunFolder, RunRecord, create_run, new_run_id
from hub.serving.place import disk_sockets
from hub.settings import Settings
from hub.space import check_space, needs_of
from hub.statedisk import state_findings
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
    machine = Machine(tuple(hardware.gpu_names(settings.gpus)), settings.cache_dir)
    return make_plan(task.spec, task.source, task.folder, adapters, machine)


def preview(task: LoadedTask, settings: Settings, engine: str | None = None) -> tuple[Plan, tuple[Finding, ...], str]:
    """Return the plan, what a check finds, and the engine that a run would take; starts and creates nothing.

    Raises:
        TaskError: as `plan_task`.
    """
    plan = plan_task(task, settings)
    wanted = engine or task.spec.engine
    gpus = plan.needs_gpus
    findings = (*check_inputs(plan, settings), *state_findings(settings))
    try:
        choice = choose_engine(wanted, settings, gpus=gpus, probe=False)
    except PrerequisiteError as error:
        stop = Finding("missing", f"engine {wanted}", error.message, error.hint)
        return plan, (stop, *findings, *_cost(plan, None, settings)), "engine   none"
    line = f"engine   {choice.engine.name} (isolation: {choice.engine.isolation}): {choice.reason}"
    engine_findings = check_images(plan.images, choice.engine, settings)
    code = check_code(plan, choice.engine)
    return plan, (*engine_findings, *findings, *code, *_cost(plan, choice.engine, settings)), line


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
    ground = survey(plan, settings, request, request.engine or task.spec.engine)
    clear_leftovers(ground.choice.engine, settings, observe)
    with _create(task, plan, settings, ground) as folder:
        outset = Outset(plan, ground.choice, ground.met.identity, {})
        return LiveRun(folder, outset, settings, observe).go(), folder.path


class Ground(NamedTuple):
    """What a run stands on: its engine, and who was met at the endpoints."""

    choice: Choice
    met: Acquaintance


def survey(plan: Plan, settings: Settings, request: Request, engine: str) -> Ground:
    """Look whether all is there that the jobs of `plan` need, and ask before much is downloaded; makes nothing.

    Raises:
        PrerequisiteError: something is missing.
    """
    gpus = plan.needs_gpus
    choice = choose_engine(engine, settings, gpus=gpus)
    if request.offline:
        choice = choose_built(choice, plan, settings)
    downloads = () if request.offline else downloads_of(plan, settings)
    met = Acquaintance()
    if request.offline:
        absent = offline_findings(plan, choice.engine, settings)
    else:  # an engine may have no way to the image of a server: that is not to be found once the run has begun
        servers = dict.fromkeys(server.job.image for server in plan.servers)
        absent = (*check_images(servers, choice.engine, settings), *download_findings(downloads))
    room = check_space(needs_of(plan, downloads, choice.engine, settings))
    require((*check_inputs(plan, settings, met.look), *check_code(plan, choice.engine), *absent, *room))
    request.consent(downloads)
    return Ground(choice, met)


def clear_leftovers(engine: Engine, settings: Settings, observe: Observer) -> None:
    """Remove what dead hubs left in the engine and of their gateways, and say so."""
    sockets = (settings.runtime_dir, disk_sockets(settings))
    for line in (*engine.reap(), *(line for place in sockets for line in sweep_sockets(place))):
        observe(Preparing("leftovers", line))


def identities_of(plan: Plan, who: Callable[[Address], Identity]) -> tuple[Identity, ...]:
    """Return who stands behind each endpoint of a plan, each once."""
    parts = (part for planned in plan.jobs for part in planned.upstreams.values())
    return tuple(who(address) for address in dict.fromkeys(address_of(part) for part in parts))


def plan_text(plan: Plan) -> str:
    """Return plan.json."""
    return json.dumps(plan_to_json(plan), indent=2, ensure_ascii=False) + "\n"


def _create(task: LoadedTask, plan: Plan, settings: Settings, ground: Ground) -> AbstractContextManager[RunFolder]:
    now, data = time.time(), own_data(plan)
    record = RunRecord(
        evaldock_version=VERSION,
        run_id=new_run_id(plan.task, task.source.text, now),
        task=plan.task,
        task_file=task.source.file,
        created_at=now,
        engine=ground.choice.engine.name,
        engine_reason=ground.choice.reason,
        hardware=hardware.describe(),
        folder=str(task.folder.absolute()),
        upstreams=identities_of(plan, ground.met.identity),
        jobs=tuple(
            JobRecord(
                id=planned.id,
                model=planned.evaluation.model.name,
                backend=planned.evaluation.backend,
                data=data[planned.id],
            )
            for planned in plan.jobs
        ),
    )
    return create_run(settings.runs_dir, record, task_text=task.source.text, plan_text=plan_text(plan))
