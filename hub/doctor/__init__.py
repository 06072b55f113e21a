"""doctor: look at the machine, and at all that a task needs, as a run would use it; mend nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hub.check import check_code, check_images, check_inputs, check_offline
from hub.doctor.bases import base_findings
from hub.doctor.compose import compose_findings
from hub.doctor.endpoints import call_once
from hub.doctor.engines import gpu_findings, look_at_engines
from hub.doctor.expected import cost_findings, time_findings
from hub.doctor.machine import machine_findings
from hub.doctor.network import network_findings
from hub.doctor.sizes import with_size
from hub.downloads import download_findings, downloads_of
from hub.engine import Engine
from hub.engines import Choice
from hub.finding import Finding
from hub.images import image_names
from hub.offline import choose_built, offline_findings, open_network_findings
from hub.orchestrator import plan_task
from hub.plan import Plan
from hub.settings import Settings
from hub.space import check_space, needs_of, storage_of
from hub.taskfile import LoadedTask


@dataclass(frozen=True)
class Wish:
    """What to look for: an engine other than the task's; that a run would download nothing."""

    engine: str | None = None
    offline: bool = False


def examine(task: LoadedTask | None, settings: Settings, wish: Wish) -> tuple[Finding, ...]:
    """Return all findings about this machine and, where one is given, a task.

    Starts at most one short container and asks endpoints and hubs; leaves nothing behind.

    Raises:
        TaskError: the task is wrong.
    """
    plan = plan_task(task, settings) if task else None
    gpus = plan is not None and plan.needs_gpus
    wanted = wish.engine or (task.spec.engine if task else "auto")
    choice, engine_lines = look_at_engines(wanted, settings, gpus=gpus)
    if choice and plan and wish.offline:
        choice = choose_built(choice, plan, settings)
    engine = choice.engine if choice else None
    storage = storage_of(engine, settings) if engine else None
    lines = [
        *machine_findings(settings, storage),
        *network_findings(),
        *engine_lines,
        *compose_findings(),
        *_taken(choice),
    ]
    if engine:
        names = plan.images if plan else image_names()
        images = check_images(names, engine, settings)
        # Offline, the images that are not built are named as missing below.
        lines += [with_size(part, engine) for part in images if part.level == "ok" or not wish.offline]
        lines += base_findings(names, engine, settings)
    if engine and plan is None:
        lines += gpu_findings(engine, settings)
    if plan:
        lines += _of_task(plan, engine, settings, offline=wish.offline)
    return tuple(lines)


def _taken(choice: Choice | None) -> Iterator[Finding]:
    if choice:
        message = f"{choice.engine.name} (isolation: {choice.engine.isolation}): {choice.reason}"
        yield Finding("ok", "engine", message)


def _of_task(plan: Plan, engine: Engine | None, settings: Settings, *, offline: bool) -> Iterator[Finding]:
    yield from check_inputs(plan, settings, call_once)
    yield from check_code(plan, engine) if engine else ()
    downloads = () if offline else downloads_of(plan, settings)
    if offline:
        yield from offline_findings(plan, engine, settings) if engine else check_offline(plan, settings)
        yield from open_network_findings(plan)
    yield from download_findings(downloads)
    yield from time_findings(plan)
    yield from cost_findings(plan)
    yield from check_space(needs_of(plan, downloads, engine, settings))
