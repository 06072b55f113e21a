"""What a run that may download nothing lacks: images or environments, models, data sets, a closed network."""

from __future__ import annotations

from collections.abc import Iterator

from hub.check import check_offline
from hub.engine import Engine
from hub.engines import Choice
from hub.errors import ImageError, PrerequisiteError
from hub.finding import Finding
from hub.images import load_image
from hub.plan import Plan
from hub.settings import Settings


def choose_built(choice: Choice, plan: Plan, settings: Settings) -> Choice:
    """Return the fallback engine where it alone has every image: offline, nothing can be built."""
    fallback = choice.fallback
    if fallback is None or not _unbuilt(plan, choice.engine, settings) or _unbuilt(plan, fallback, settings):
        return choice
    reason = "a container engine answers, but only the virtual environments are built, and offline nothing can be"
    return Choice(fallback, reason)


def offline_findings(plan: Plan, engine: Engine, settings: Settings) -> tuple[Finding, ...]:
    """Name everything that would have to be downloaded, each with the command that does it ahead of time."""
    return (*_images(plan, engine, settings), *check_offline(plan, settings))


def open_network_findings(plan: Plan) -> Iterator[Finding]:
    """Yield jobs that may reach more than the endpoints that the task names."""
    for planned in plan.jobs:
        if planned.job.network != "none":
            message = f"`network: {planned.job.network}` lets it reach more than the named endpoints"
            yield Finding("missing", f"job {planned.id}", message, "leave `network` out of the task")


def _images(plan: Plan, engine: Engine, settings: Settings) -> Iterator[Finding]:
    for name in _unbuilt(plan, engine, settings):
        message = f"not built for engine {engine.name}; building it downloads packages"
        yield Finding("missing", f"image {name}", message, f"`evaldock build {name} --engine {engine.name}`")


def _unbuilt(plan: Plan, engine: Engine, settings: Settings) -> tuple[str, ...]:
    return tuple(name for name in plan.images if not _is_built(name, engine, settings))


def _is_built(name: str, engine: Engine, settings: Settings) -> bool:
    try:
        return engine.find(load_image(name, settings)) is not None
    except (ImageError, PrerequisiteError):
        return False
