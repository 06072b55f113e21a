"""A job from task.json to VLMEvalKit's own results: one data set after the other, and what became of each."""

from __future__ import annotations

import shutil
import traceback
from pathlib import Path

from adapters.runtime import job
from adapters.vlmevalkit.contract import FAILURES_FILE, IMAGES, STATUS_FILE, TASK_FILE, WORK, Task, loads
from adapters.vlmevalkit.runner.evaluate import Evaluated
from adapters.vlmevalkit.runner.local import Weights
from adapters.vlmevalkit.runner.meter import loading
from adapters.vlmevalkit.runner.reasons import describe
from adapters.vlmevalkit.runner.resume import task_digest
from adapters.vlmevalkit.runner.status import Status


def run(task: Task, scratch: Path) -> int:
    """Run a task and return the exit code: 0 only where every data set has what VLMEvalKit gives for it."""
    output = job.path(job.OUTPUT)
    _clear(output)
    status = Status(output / STATUS_FILE, task_digest(task))
    weights = Weights(task.model, scratch / ".weights")
    for dataset in task.datasets:
        status.begin(dataset)
        loading(dataset.label)
        try:
            Evaluated(task, dataset, scratch / dataset.file, status).run(weights.get())
        except Exception as error:  # noqa: BLE001 - data, models and metrics can raise anything; only this set is lost
            traceback.print_exc()
            status.fail(dataset, describe(error))
        shutil.rmtree(scratch / dataset.file, ignore_errors=True)
        if status.entries[dataset.file].state == "ok":
            job.event("finished", dataset=dataset.label)
    return _conclude(status)


def _clear(output: Path) -> None:
    """Remove what an earlier start of the job left: VLMEvalKit would take it for its own, locks among it."""
    for folder in (WORK, IMAGES):
        shutil.rmtree(output / folder, ignore_errors=True)
    for name in (STATUS_FILE, FAILURES_FILE):
        (output / name).unlink(missing_ok=True)


def _conclude(status: Status) -> int:
    failed = [entry for entry in status.entries.values() if entry.state != "ok"]
    if failed:
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        job.event("failed", reason=f"{failed[0].dataset}: {failed[0].error}{more}", hint="")
    return int(bool(failed))


def read_task() -> Task:
    """Return what the hub wants."""
    return loads((job.path(job.INPUT) / TASK_FILE).read_text(encoding="utf-8"))
