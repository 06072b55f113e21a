"""evaldock's hub: plans, launches and records evaluations. Imports nothing heavy.

from hub import run_task
report = run_task("my-task.yaml")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub import errors
    from hub.api import (
        IgnoredKeyWarning,
        check_task,
        list_backends,
        list_datasets,
        list_models,
        list_templates,
        load_report,
        load_task,
        plan_task,
        resume_run,
        run_task,
    )
    from hub.seed.report import to_seed_reports
    from hub.spec import TaskSpec
    from hub.version import VERSION as __version__  # noqa: N811 - the name that Python has for it

__all__ = [
    "IgnoredKeyWarning",
    "TaskSpec",
    "__version__",
    "check_task",
    "errors",
    "list_backends",
    "list_datasets",
    "list_models",
    "list_templates",
    "load_report",
    "load_task",
    "plan_task",
    "resume_run",
    "run_task",
    "to_seed_reports",
]
_ELSEWHERE = {
    "TaskSpec": ("hub.spec", "TaskSpec"),
    "__version__": ("hub.version", "VERSION"),
    "to_seed_reports": ("hub.seed.report", "to_seed_reports"),
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for, so that `import hub` costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module 'hub' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    if name == "errors":
        return import_module("hub.errors")
    module, attribute = _ELSEWHERE.get(name, ("hub.api", name))
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
