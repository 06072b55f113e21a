"""How a checkpoint gets into memory, as an evaluation's options say: what is refused, mounted, told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from adapters.native.contract import NativeLoading
from adapters.native.options import EvaluationOptions
from hub.adapter import Asset, Complaint, Evaluation, ModelTarget

PATHS = ("adapter", "code")
_OF_WEIGHTS = ("adapter", "attention", "device_map", "quantization", "trust_remote_code")
_OF_CLASS = ("code", "model_class")
_CLASS = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def is_custom(options: EvaluationOptions) -> bool:
    """Return whether a class of the user's own answers, not transformers."""
    return options.model_class is not None


def loading_complaints(options: EvaluationOptions, model: ModelTarget, gpus: int) -> Iterator[Complaint]:
    """Yield what makes no sense: options of weights for an endpoint, or for a class that loads them itself."""
    given = [name for name in (*_OF_WEIGHTS, *_OF_CLASS) if getattr(options, name)]
    if model.via == "endpoint":
        for name in (*given, *(["workers"] if options.workers != "auto" else [])):
            yield _complaint(name, f"{name} is for checkpoints; {model.name!r} is an endpoint")
        return
    yield from _workers(options.workers, gpus)
    if (options.code is None) != (options.model_class is None):
        absent = "code" if options.code is None else "model_class"
        what = "the folder that holds the class" if absent == "code" else "module:Class"
        yield _complaint(next(name for name in _OF_CLASS if name != absent), f"it needs {absent}, too: {what}")
    if options.adapter and options.quantization:
        yield _complaint("adapter", "it is added to the weights, which must not be quantized for that")
    if options.model_class is None:
        return
    if not _CLASS.fullmatch(options.model_class):
        yield _complaint("model_class", f"give module:Class, not {options.model_class!r}")
    for name in given:
        if name in _OF_WEIGHTS:
            yield _complaint(name, f"{name} is for weights that transformers loads; a class of yours loads its own")


def _workers(workers: int | Literal["auto"], gpus: int) -> Iterator[Complaint]:
    """Yield what is wrong with a number of workers for a job with so many GPUs; without any, each has processors."""
    if workers == "auto" or not gpus:
        return
    if workers > gpus:
        yield _complaint("workers", f"{workers} workers need a GPU each; the job has {gpus}")
    elif gpus % workers:
        fitting = ", ".join(str(number) for number in range(1, gpus + 1) if gpus % number == 0)
        yield _complaint("workers", f"{workers} workers cannot share {gpus} GPUs evenly; these can: {fitting}")


def loading_assets(evaluation: Evaluation) -> tuple[Asset, ...]:
    """Return the folders to mount: their content is compared at each resume, as that of a user's own data is."""
    options = EvaluationOptions.model_validate(dict(evaluation.options))
    given = {name: getattr(options, name) for name in PATHS}
    return tuple(
        Asset("dataset", f"options.{name}", target_of(evaluation.model, name), "local", location)
        for name, location in given.items()
        if location
    )


def loading(evaluation: Evaluation) -> NativeLoading:
    """Return what the runner is told."""
    options, model = EvaluationOptions.model_validate(dict(evaluation.options)), evaluation.model
    return NativeLoading(
        adapter=target_of(model, "adapter") if options.adapter else "",
        attention=options.attention or "",
        device_map=options.device_map or "",
        quantization=dict(options.quantization),
        trust_remote_code=options.trust_remote_code,
        code=target_of(model, "code") if options.code else "",
        model_class=options.model_class or "",
    )


def target_of(model: ModelTarget, name: str) -> str:
    """Return where a folder lies in the job: beside the model's own."""
    return f"{model.path}.{name}"


def _complaint(name: str, message: str) -> Complaint:
    return Complaint(("options", name), f"options.{name}: {message}")
