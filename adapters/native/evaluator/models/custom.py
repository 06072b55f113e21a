"""A model of the user's own: a Python class in a folder of theirs, asked in place of transformers.

    class MyModel:
        def __init__(self, config): ...                   # name, path (the checkpoint's folder), dtype, device
        def predict(self, prompts, **parameters): ...     # one answer for each prompt: a text, or OpenAI's object
        def loglikelihood(self, pairs): ...               # optional: one number for each (prompt, continuation)

`prompts` are texts, or lists of messages where the task says `chat: true`.
"""

from __future__ import annotations

import importlib
import json
import logging
import math
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from adapters.native.contract import NativeModel
from adapters.native.evaluator.errors import ModelError
from adapters.native.evaluator.models.folder_digest import content_digest
from adapters.native.evaluator.models.reply import read_reply
from adapters.native.evaluator.request import Deliver, Generation, Likelihood, Outcome, Request
from adapters.runtime import job

LOG = logging.getLogger(__name__)
BATCH = 16  # so many at once, and what they were is kept before the next are asked
_HINT = "The job's log has the whole error."


class CustomModel:
    """Answers requests by an object of the user's class."""

    def __init__(self, instance: Any, name: str, *, chat: bool, facts: Mapping[str, str]) -> None:
        """Keep the object; `name`: the class, for messages."""
        self._instance = instance
        self._name = name
        self.chat = chat
        self.facts = facts

    def answer(
        self, dataset: str, requests: Sequence[Request], deliver: Deliver, *, known: Collection[int] = ()
    ) -> None:
        """Ask the object for what is not known, some requests at a time, in their order.

        Raises:
            ModelError: it failed, or gave something that is no answer.
        """
        LOG.info("%s: %d requests", dataset, len(requests) - len(known))
        wanted = [index for index in range(len(requests)) if index not in known]
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            began_at = time.monotonic()
            outcomes = self._outcomes([requests[index] for index in batch])
            took_s = time.monotonic() - began_at
            for index, outcome in zip(batch, outcomes, strict=True):
                deliver(index, _timed(outcome, took_s))

    def _outcomes(self, batch: Sequence[Request]) -> list[Outcome]:
        likelihoods = [request for request in batch if isinstance(request, Likelihood)]
        if likelihoods:
            return list(self._likelihoods(likelihoods))
        asked = [request for request in batch if isinstance(request, Generation)]
        prompts = [request.prompt if isinstance(request.prompt, str) else list(request.prompt) for request in asked]
        answers = self._call("predict", prompts, len(prompts), **asked[0].parameters)
        return [self._read(answer) for answer in answers]

    def _likelihoods(self, batch: Sequence[Likelihood]) -> Iterator[Outcome]:
        if not hasattr(self._instance, "loglikelihood"):
            hint = "Use scoring: generate, or give the class loglikelihood(pairs)."
            raise ModelError(f"{self._name} has no method loglikelihood", hint=hint)
        pairs = [(request.prompt, text) for request in batch for text in request.continuations]
        values = iter(self._call("loglikelihood", pairs, len(pairs)))
        for request in batch:
            found = tuple(self._number(next(values)) for _ in request.continuations)
            yield Outcome(likelihoods=found)

    def _call(self, method: str, asked: Sequence[Any], count: int, **parameters: Any) -> list[Any]:
        call: Callable[..., Any] = getattr(self._instance, method)
        try:
            given = call(asked, **parameters)
            found = [given] if isinstance(given, (str, bytes, Mapping)) else list(given)  # not its letters or keys
        except (Exception, SystemExit) as error:
            reason = f"{self._name}.{method} failed: {type(error).__name__}: {error}"
            raise ModelError(reason, hint=_HINT) from error
        if len(found) != count:
            raise ModelError(f"{self._name}.{method} gave {len(found)} answers to {count} requests")
        return found

    def _read(self, answer: object) -> Outcome:
        if isinstance(answer, str):
            return Outcome(text=answer)
        if not isinstance(answer, dict):
            what = f"{self._name}.predict gave a {type(answer).__name__}"
            raise ModelError(what, hint="An answer is a text, or a dict of OpenAI's chat completions.")
        return read_reply(200, json.dumps(answer, default=str).encode(), chat=True, latency_s=0.0).outcome

    def _number(self, value: object) -> float:
        try:
            found = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            found = math.nan
        if not math.isfinite(found):
            raise ModelError(f"{self._name}.loglikelihood gave {value!r}, which is no finite number")
        return found


def load_class(target: NativeModel, folder: Path) -> CustomModel:
    """Import the class from its folder and make the object.

    Raises:
        ModelError: it is not there, or fails.
    """
    code = job.path(target.loading.code)
    module_name, _, class_name = target.loading.model_class.partition(":")
    sys.path.insert(0, str(code))
    config = {"model_id": target.name, "name": target.name, "path": str(folder), "dtype": target.dtype}
    try:
        made = getattr(importlib.import_module(module_name), class_name)
        instance = made(config=config)
    except (Exception, SystemExit) as error:
        reason = f"the class {target.loading.model_class!r} cannot be used: {type(error).__name__}: {error}"
        hint = f"{_HINT} options.code is the folder in which the module lies; what it imports must be there, too."
        raise ModelError(reason, hint=hint) from error
    if not callable(getattr(instance, "predict", None)):
        hint = "Write predict(self, prompts, **parameters)."
        raise ModelError(f"the class {class_name!r} has no method predict", hint=hint)
    facts = {
        "kind": "custom",
        "class": target.loading.model_class,
        "code": content_digest(code),
        "dtype": target.dtype,
    }
    return CustomModel(instance, class_name, chat=bool(target.chat), facts=facts)


def _timed(outcome: Outcome, took_s: float) -> Outcome:
    return Outcome(**{**vars(outcome), "latency_s": took_s})
