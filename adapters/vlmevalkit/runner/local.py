"""A model of VLMEvalKit's own, loaded once from weights in the job and asked for every data set."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path, PurePath
from typing import Any

from adapters.runtime import job
from adapters.runtime.ledger import Call, Ledger
from adapters.vlmevalkit.contract import MODEL_LABEL, Model
from adapters.vlmevalkit.runner.attention import attend_without_flash
from adapters.vlmevalkit.runner.decoding import paths_of
from adapters.vlmevalkit.runner.prompts import Account, sample_of
from adapters.vlmevalkit.runner.reasons import StatedError


class ModelError(StatedError):
    """The model cannot be loaded as the task has it."""


class Weights:
    """The model of a job, loaded when it is first wanted; None for an endpoint."""

    def __init__(self, model: Model, folder: Path) -> None:
        """Load nothing yet; `folder` is made then."""
        self._model, self._folder = model, folder
        self._loaded: Any = None
        self._error: Exception | None = None

    def get(self) -> Any:
        """Return it.

        Raises:
            Exception: it cannot be loaded, and that is not tried twice.
        """
        if self._error:
            raise self._error
        if self._loaded is None and self._model.kind == "checkpoint":
            try:
                self._loaded = load(self._model, self._folder)
            except Exception as error:
                self._error = error
                raise
        return self._loaded


def load(model: Model, folder: Path) -> Any:
    """Load a model of `supported_VLM` with the job's weights in place of those that it names.

    Many of its classes read in that name what they are to do (`2.5`, `omni`, `34b`), so it stays: it becomes a link
    to the weights in `folder`, which is made, and the current one from here on.

    Raises:
        ModelError: VLMEvalKit has no such model, or none that takes weights from a folder.
    """
    from vlmeval.api.base import BaseAPI  # noqa: PLC0415
    from vlmeval.config import supported_VLM  # noqa: PLC0415

    made = supported_VLM.get(model.known_as)
    if not isinstance(made, partial):
        raise ModelError(f"VLMEvalKit has no model {model.known_as!r}")
    if isinstance(made.func, type) and issubclass(made.func, BaseAPI):
        raise ModelError(f"VLMEvalKit's {model.known_as!r} asks a service: give the model an endpoint")
    if "model_path" not in made.keywords:
        raise ModelError(f"VLMEvalKit's {model.known_as!r} cannot be told where its weights are (model_path)")
    folder.mkdir(parents=True)
    os.chdir(folder)
    attend_without_flash()
    return partial(made.func, *made.args, **{**made.keywords, "model_path": _linked(made.keywords, model)})()


def _linked(settings: Mapping[str, Any], model: Model) -> str:
    weights, known = job.path(model.path), PurePath(str(settings["model_path"]))
    if known.is_absolute() or ".." in known.parts:
        return str(weights)
    Path(known).parent.mkdir(parents=True, exist_ok=True)
    Path(known).symlink_to(weights)
    return str(known)


class Watched:
    """A loaded model while one data set is asked: it counts answers, and writes down what was asked and answered."""

    def __init__(self, model: Any, output: Path, label: str, account: Account, told: Callable[[bool], None]) -> None:
        """Put ourselves in the way of its prompts and answers until `release`."""
        self._model, self._output, self._label, self._told = model, output, label, told
        self._shown = account.shown
        model.generate = partial(self._ask, model.generate)
        if hasattr(model, "chat"):
            model.chat = partial(self._ask, model.chat)
        model.build_prompt = account.watch(model.build_prompt)

    def release(self) -> None:
        """Leave the model as it was."""
        for name in ("generate", "chat", "build_prompt"):
            vars(self._model).pop(name, None)

    def _ask(self, ask: Callable[..., Any], message: Any, dataset: str | None = None) -> Any:
        began = time.time()
        sample = sample_of(message)
        with self._shown(paths_of(message)):
            answer = ask(message, dataset=dataset)
        call = Call(
            at=began,
            role="candidate",
            dataset=self._label,
            operation="chat/completions",
            sample=sample,
            key=hashlib.sha256(f"{self._label}\n{sample}".encode()).hexdigest()[:32],
            model=MODEL_LABEL,
            latency_ms=round(1000 * (time.time() - began), 3),
        )
        with Ledger(self._output) as ledger:
            ledger.add(call)
        self._told(False)
        return answer
