"""Run an evaluation as task.json says: load the model once, evaluate data set after data set, write the summary."""

from __future__ import annotations

import logging
import os
import platform
from contextlib import ExitStack
from typing import Any

from adapters.native.contract import EVALUATOR_VERSION, TASK_FILE, NativeDataset, NativeModel, NativeTask, loads
from adapters.native.evaluator.errors import EvaluationError
from adapters.native.evaluator.evaluate import evaluate
from adapters.native.evaluator.memory import Memory, take_over
from adapters.native.evaluator.models.remembered import Computing, RememberedModel
from adapters.native.evaluator.record import Record
from adapters.native.evaluator.request import Model
from adapters.native.evaluator.summary import absent_entry
from adapters.native.evaluator.termination import EXIT_CODE, Termination
from adapters.runtime import job
from adapters.runtime.ledger import Ledger

LOG = logging.getLogger(__name__)


def run() -> int:
    """Evaluate /job/input/task.json into /job/output and return the exit code.

    0: all data sets were evaluated; 143: the job was told to end before; else 1.
    """
    task = loads((job.path(job.INPUT) / TASK_FILE).read_text(encoding="utf-8"))
    take_over(job.path(job.PREVIOUS), job.path(job.OUTPUT))
    facts = {"version": 1, "versions": {"evaluator": EVALUATOR_VERSION, "python": platform.python_version()}}
    with Record(job.path(job.OUTPUT), facts | {"seed": task.seed}) as record, ExitStack() as closing:
        try:
            model = load_model(task, closing)
        except EvaluationError as error:
            _give_up(error, "")
            for dataset in task.datasets:
                record.dataset(dataset.label, absent_entry(dataset, error.advice))
            return 1
        record.facts(model=dict(model.facts))
        entries = [_isolated(dataset, model, record, task) for dataset in task.datasets]
        if not any(entry["absent"] for entry in entries):
            return 0
        return EXIT_CODE if model.ended else 1


def load_model(task: NativeTask, closing: ExitStack) -> Model:
    """Return the task's model, whose files `closing` closes; torch and transformers are imported only for weights.

    Raises:
        ModelError: the weights cannot be loaded.
    """
    model: NativeModel = task.model
    if model.kind == "endpoint":
        from adapters.native.evaluator.models.endpoint import EndpointModel

        termination = closing.enter_context(Termination())
        return EndpointModel(model, termination, concurrency=task.concurrency, timeout_s=task.request_timeout_s)
    from adapters.native.evaluator.models.weights import mark
    from adapters.native.evaluator.workers.pool import WORKERS

    output, loaded = job.path(job.OUTPUT), _loaded(task, closing)
    deciding = {name: value for name, value in loaded.facts.items() if name != WORKERS}
    ledger = closing.enter_context(Ledger(output))
    memory = closing.enter_context(Memory(output, {"weights": mark(job.path(model.path)), **deciding}))
    return RememberedModel(loaded, model.name, memory, ledger)


def _loaded(task: NativeTask, closing: ExitStack) -> Computing:
    """Return the model in this process, or in several, which `closing` ends."""
    from adapters.native.evaluator.models.in_process import load_in_process
    from adapters.native.evaluator.workers.devices import groups, visible_gpus, workers_by_memory
    from adapters.native.evaluator.workers.pool import Pool

    gpus, workers = visible_gpus(os.environ), task.workers
    if workers == "auto":
        workers = workers_by_memory(task.model, job.path(task.model.path), gpus)
    return load_in_process(task) if workers == 1 else closing.enter_context(Pool(groups(gpus, workers)))


def _isolated(dataset: NativeDataset, model: Model, record: Record, task: NativeTask) -> dict[str, Any]:
    """Evaluate one data set so that its failure leaves the others alone; none once the job was told to end."""
    try:
        if model.ended:
            entry = absent_entry(dataset, "the job was ended before it came to this data set")
        else:
            entry = evaluate(dataset, model, record, task)
    except EvaluationError as error:
        _give_up(error, f"{dataset.label}: ")
        entry = absent_entry(dataset, error.advice)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        _give_up(EvaluationError(reason, hint="This is a bug in evaldock; the job's log has the details."), "")
        LOG.exception("%s failed", dataset.label)
        entry = absent_entry(dataset, reason)
    record.facts(model=dict(model.facts))  # what was found out while it was asked, too
    record.dataset(dataset.label, entry)
    return entry


def _give_up(error: EvaluationError, subject: str) -> None:
    """Tell the hub, and the log: what foreign code said first, our own sentence last."""
    if error.__cause__:
        LOG.error("%s", subject or "the model", exc_info=error.__cause__)
    LOG.error("%s%s", subject, error.advice)
    job.event("failed", reason=subject + error.reason, hint=error.hint)
