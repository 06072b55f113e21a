"""Read the gold of a task: its data sets as a run would ask them, their answers through the adapters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hub.adapter import Evaluation, Gold, ModelTarget
from hub.errors import PrerequisiteError
from hub.plan import Machine, PlannedJob, host_path, make_plan
from hub.registry import load_adapter, load_gold
from hub.settings import Settings
from hub.taskfile import load_task

# Whatever the task's models are, the mock is an endpoint: that decides how its data sets are asked.
_MODEL = ModelTarget("mock", "endpoint")

_DOWNLOAD = "the task's first run downloads it: let it be one against a mock server without --gold"


@dataclass(frozen=True)
class TaskGold:
    """Everything that a task asks, the backends that cannot say, and the names that its endpoint models bear."""

    golds: tuple[Gold, ...]
    silent: tuple[str, ...]
    models: tuple[str, ...]


def read_task_gold(task: Path, settings: Settings) -> TaskGold:
    """Return the gold of a task.

    Raises:
        TaskError: the task is wrong.
        PrerequisiteError: data are not here, or no backend of the task can say what is right.
    """
    loaded = load_task(task)
    adapters = {name: load_adapter(name) for name in {part.backend for part in loaded.spec.evaluations}}
    plan = make_plan(loaded.spec, loaded.source, loaded.folder, adapters, Machine((), settings.cache_dir))
    names = [planned.evaluation.model.remote_model for planned in plan.jobs]
    # Jobs that differ in their model ask the same.
    asked = {repr(_asked(planned)): planned for planned in plan.jobs}
    golds: list[Gold] = []
    silent = []
    for planned in asked.values():
        read = load_gold(planned.evaluation.backend)
        if read is None:
            silent.append(planned.evaluation.backend)
        else:
            golds += read(_asked(planned), _data(planned, settings.cache_dir))
    if not golds:
        message = f"{', '.join(sorted(set(silent)))} cannot tell the mock server what is right"
        raise PrerequisiteError(message, hint="answer from a file of your own: --answer file:PATH")
    return TaskGold(tuple(golds), tuple(sorted(set(silent))), tuple(dict.fromkeys(filter(None, names))))


def _asked(planned: PlannedJob) -> Evaluation:
    return replace(planned.evaluation, model=_MODEL)


def _data(planned: PlannedJob, cache: Path) -> Mapping[str, Path]:
    """Return where each data set lies, by its path in the job."""
    found = {}
    for asset in planned.assets:
        if asset.kind != "dataset":
            continue
        path = host_path(asset, cache)
        if not path.exists():
            what = f"data set {asset.name!r} is not here: {path}"
            hint = "mend its path" if asset.hub == "local" else _DOWNLOAD
            raise PrerequisiteError(what, hint=hint)
        found[asset.target] = path
    return found
