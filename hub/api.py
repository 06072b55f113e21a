"""evaldock from Python: run, plan and read, with plain values in and out; what is wrong raises a `hub.errors`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import overload

from hub.adapter import DatasetInfo
from hub.errors import Problem, TaskError
from hub.finding import Finding
from hub.localmodels import LocalModel, local_models
from hub.observer import Observer, silent
from hub.orchestrator import Request, preview, run
from hub.orchestrator import plan_task as _plan_task
from hub.overrides import Changes
from hub.plan import Plan
from hub.registry import adapter_names, load_adapter
from hub.report import Report
from hub.resumption import Wish, resume
from hub.runs import RunFolder, find_run, open_run, read_report
from hub.seed.names import TemplateInfo, templates
from hub.settings import Settings, load_settings
from hub.taskfile import LoadedTask
from hub.taskinput import AnyTask, Given, load_any

_Paths = str | Path
_Several = list[AnyTask] | tuple[AnyTask, ...]


class IgnoredKeyWarning(UserWarning):
    """A key of an Eval-Scope task_cfg has no effect here; the message says which and why."""


@overload
def run_task(
    task: AnyTask,
    *,
    engine: str | None = None,
    offline: bool = False,
    runs: _Paths | None = None,
    observe: Observer = silent,
) -> Report: ...


@overload
def run_task(
    task: _Several,
    *,
    engine: str | None = None,
    offline: bool = False,
    runs: _Paths | None = None,
    observe: Observer = silent,
) -> list[Report]: ...


def run_task(
    task: AnyTask | _Several,
    *,
    engine: str | None = None,
    offline: bool = False,
    runs: _Paths | None = None,
    observe: Observer = silent,
) -> Report | list[Report]:
    """Run a task to its end and return its report; of a list, one after the other, all checked before the first.

    Failed samples, data sets and jobs are in the report, whose `state` says whether everything was scored. An
    interrupt ends the run in good order: its report says `cancelled`, and nothing after it in a list is run.

    Args:
        task: the path of a task file, a mapping in its words, a TaskSpec, or a task_cfg of Eval-Scope (mapping,
            TaskConfig or file).
        engine: auto, docker or venv; None for what the task says.
        offline: download nothing; what is not in the cache raises.
        runs: folder of runs; None for $EVALDOCK_RUNS, or ./runs.
        observe: called with each event of the run (`hub.observer`), in the thread that called this.

    Raises:
        TaskError, PrerequisiteError: before any folder is made.
        ImageError, EngineError, GatewayError: the run folder says `failed` and why.
    """
    request = Request(engine=engine, offline=offline)
    if not isinstance(task, list | tuple):
        return _run(_runnable(task), request, runs, observe)
    everything: list[Given] = []
    for each in task:
        everything.append(_runnable(each))  # noqa: PERF401 - a comprehension would be what the warnings point at
    reports: list[Report] = []
    for given in everything:
        reports.append(_run(given, request, runs, observe))
        if reports[-1].state == "cancelled":
            break
    return reports


def resume_run(  # noqa: PLR0913 - the words of the command
    run: _Paths = "latest",
    *,
    force: bool = False,
    settings: Sequence[str] = (),
    engine: str | None = None,
    offline: bool = False,
    runs: _Paths | None = None,
    observe: Observer = silent,
) -> Report:
    """Go on with a run that was stopped, failed or broke off; return its report, of one that succeeded only that.

    Jobs that succeeded are kept, the others are run again; what was answered is not asked again.

    Args:
        run: a run folder, or an id (or `latest`) in the folder of runs.
        force: go on although what makes results has changed.
        settings: `path=value`, as --set takes: changes of the task that make no results (resources.timeout=4h).
        engine: docker or venv; None for the run's own.
        offline: download nothing; what is not in the cache raises.
        runs: folder of runs; None for $EVALDOCK_RUNS, or ./runs.
        observe: called with each event of the run (`hub.observer`), in the thread that called this.

    Raises:
        RunError: there is no such run, an older version began it, or another process drives it.
        ChangedRunError: what makes its results has changed; nothing was done.
        TaskError, PrerequisiteError, ImageError: the run stays what it was.
        EngineError, GatewayError: the run says `failed` and why.
    """
    wish = Wish(Request(engine=engine, offline=offline), Changes(tuple(settings)), force=force)
    report, _ = resume(_run_at(run, runs), _settings(runs), wish, observe)
    return report


def load_task(task: AnyTask, *, settings: Sequence[str] = (), limit: int | None = None) -> LoadedTask:
    """Read and validate a task in any form; `settings` (`path=value`) and `limit` change it as --set and --limit do.

    Raises:
        TaskError: every problem found, each with its place.
    """
    return _given(task, Changes(tuple(settings), limit)).task


def plan_task(task: AnyTask) -> Plan:
    """Return what a run of `task` would do: its jobs, their texts, mounts and limits; starts and creates nothing.

    Raises:
        TaskError: the task is wrong, or asks for what a backend cannot give.
    """
    return _plan_task(_given(task).task, load_settings())


def check_task(task: AnyTask, *, engine: str | None = None) -> tuple[Finding, ...]:
    """Return what is there and what is missing for a run of `task`; starts and creates nothing.

    Raises:
        TaskError: as `plan_task`.
    """
    _, findings, _ = preview(_given(task).task, load_settings(), engine)
    return findings


def load_report(run: _Paths = "latest", *, runs: _Paths | None = None) -> Report:
    """Read a report: that of a run folder, a report.json, or of a run by its id (or `latest`) in the folder of runs.

    Raises:
        RunError: there is no such run, or it has no report.
    """
    path = Path(run)
    return read_report(_run_at(path.parent if path.name == "report.json" else run, runs))


def list_backends() -> tuple[str, ...]:
    """Return the names of the backends."""
    return adapter_names()


def list_datasets(backend: str) -> tuple[DatasetInfo, ...]:
    """Return the data sets of a backend, sorted by name.

    Raises:
        EvaldockError: there is no such backend.
    """
    return tuple(info for _, info in sorted(load_adapter(backend).datasets().items()))


def list_models() -> tuple[LocalModel, ...]:
    """Return the checkpoints in this machine's caches: evaldock's own, Hugging Face's, ModelScope's."""
    return local_models(load_settings())


def list_templates() -> tuple[TemplateInfo, ...]:
    """Return the template types of Eval-Scope, and what evaldock does in the place of each."""
    return templates()


def _run_at(run: _Paths, runs: _Paths | None) -> RunFolder:
    return open_run(Path(run)) if Path(run).is_dir() else find_run(_settings(runs).runs_dir, str(run))


def _given(task: AnyTask, changes: Changes | None = None, *, level: int = 3) -> Given:
    given = load_any(task, changes or Changes())
    for remark in given.remarks:
        warnings.warn(remark, IgnoredKeyWarning, stacklevel=level)
    return given


def _runnable(task: AnyTask) -> Given:
    given = _given(task, level=4)
    if given.dry_run:
        message = "nothing would be run: hub.plan_task(task) returns the plan, hub.check_task(task) what is missing"
        raise TaskError([Problem("dry_run", 0, "", message)])
    return given


def _run(given: Given, request: Request, runs: _Paths | None, observe: Observer) -> Report:
    report, _ = run(given.task, _settings(runs or given.outputs), request, observe)
    return report


def _settings(runs: _Paths | None) -> Settings:
    settings = load_settings()
    return replace(settings, runs_dir=Path(runs).absolute()) if runs else settings
