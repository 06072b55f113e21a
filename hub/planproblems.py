"""What a task as a whole asks for that no plan can give: engines, servers, addresses, budgets. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from hub.endpoint import normalize_base_url
from hub.errors import Problem
from hub.server import serve_problems
from hub.source import KeyPath, Source
from hub.spec import JudgeSpec, ModelSpec, TaskSpec


def task_problems(spec: TaskSpec, source: Source) -> Iterator[Problem]:
    """Yield what is wrong, whatever the backends say."""
    if spec.engine in {"ray", "slurm"}:
        yield source.problem(("engine",), f"this version has no {spec.engine} engine; use auto, docker or venv")
    for name, model in spec.models.items():
        yield from _part_problems(model, ("models", name), source)
    for role, part in beside(spec).items():
        yield from _part_problems(part, (role,), source)
    if spec.gateway.budget.cost is not None:
        yield from _cost_problems(spec, source)


def _cost_problems(spec: TaskSpec, source: Source) -> Iterator[Problem]:
    """Say what keeps a budget of money from being one: a server without prices, or several currencies."""
    named = {f"models.{name}": model for name, model in spec.models.items() if model.endpoint is not None}
    others = {role: part for role, part in beside(spec).items() if part.endpoint is not None}
    parts: dict[str, ModelSpec | JudgeSpec] = {**named, **others}
    free = [name for name, part in parts.items() if part.prices is None]
    if free:
        message = f"a budget of money needs prices of every server; there are none of {', '.join(free)}"
        yield source.problem(("gateway", "budget", "cost"), message)
    currencies = sorted({part.prices.currency for part in parts.values() if part.prices is not None})
    if len(currencies) > 1:
        message = f"a budget of money is of one currency; the prices are in {' and '.join(currencies)}"
        yield source.problem(("gateway", "budget", "cost"), message)


def beside(spec: TaskSpec) -> dict[str, JudgeSpec]:
    """Return the models beside the evaluated ones, by role."""
    parts = {"judge": spec.judge, "simulator": spec.simulator}
    return {role: part for role, part in parts.items() if part is not None}


def _part_problems(part: ModelSpec | JudgeSpec, path: KeyPath, source: Source) -> Iterator[Problem]:
    for place, message in serve_problems(part):
        yield source.problem((*path, *place), message)
    try:
        if part.endpoint is not None:
            normalize_base_url(part.endpoint)
    except ValueError as error:
        yield source.problem((*path, "endpoint"), str(error))
