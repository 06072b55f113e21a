"""Load the task's model into this process: the checkpoint with transformers, or the user's own class."""

from __future__ import annotations

from adapters.native.contract import NativeTask
from adapters.native.evaluator.models.remembered import Computing
from adapters.runtime import job


def load_in_process(task: NativeTask) -> Computing:
    """Return the model; torch and transformers are imported only for weights.

    Raises:
        ModelError: it cannot be loaded.
    """
    model = task.model
    folder = job.path(model.path)
    if model.loading.model_class:
        from adapters.native.evaluator.models.custom import load_class

        return load_class(model, folder)
    from adapters.native.evaluator.models.local import load

    return load(model, folder, batch_tokens=task.batch_tokens)
