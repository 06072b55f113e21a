"""Data sets of questions about documents of many pages, which VLMEvalKit 0.0.20 cannot build or score by itself."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

NAMES = frozenset({"MMLongBench_DOC", "DUDE", "DUDE_MINI", "SLIDEVQA", "SLIDEVQA_MINI"})
_UNANSWERABLE = "Not answerable"
_ONE_PAGE_A_PICTURE = "GPT4o"  # how VLMEvalKit asks this model, and nothing else of it


def build(name: str, known_as: str) -> Any:
    """Return VLMEvalKit's object for one of `NAMES`; `known_as` is its name of the model, empty for an endpoint."""
    from vlmeval.dataset import DATASET_CLASSES  # noqa: PLC0415

    (kind,) = (kind for kind in DATASET_CLASSES if name in kind.supported_datasets())
    # VLMEvalKit forgets to tell it the model, by whose name it chooses how pages are put together.
    found = kind(dataset=name, model=known_as or _ONE_PAGE_A_PICTURE)
    module: Any = sys.modules[kind.__module__]
    if name.startswith("MMLongBench"):
        module.get_f1 = whole_f1(module.get_f1)
    else:
        module.load = _with_texts(module.load)
    found.evaluate = _with_score(found.evaluate)
    return found


def whole_f1(f1: Callable[[Any], float]) -> Callable[[Any], float]:
    """Return `f1` with what it divides by 0 for: no right answer is 0, and nothing that has one is not a number."""

    def found(data: Any) -> float:
        try:
            return f1(data)
        except ZeroDivisionError:
            return 0.0 if any(answer != _UNANSWERABLE for answer in data["answer"]) else math.nan

    return found


def _with_score(evaluate: Callable[..., Any]) -> Callable[..., Any]:
    """Return `evaluate` with the score that it writes to a file and forgets to return."""

    def evaluated(eval_file: str, **settings: Any) -> Any:
        from vlmeval.smp import get_intermediate_file_path, load  # noqa: PLC0415

        judge = settings["model"]  # it is taken out of the settings on the way
        returned = evaluate(eval_file, **settings)
        if returned is not None:
            return returned
        return load(get_intermediate_file_path(eval_file, f"_{judge}_score", "csv"))

    return evaluated


def _with_texts(load: Callable[..., Any]) -> Callable[..., Any]:
    """Return `load` with answers as texts: a column of numbers, or a judge's reply without any, ends the scoring."""

    def loaded(file: str) -> Any:
        table = load(file)
        if "pred" in table:
            table["answer"] = table["answer"].astype(object).map(str, na_action="ignore")
            table["pred"] = table["pred"].fillna("").map(str)
        return table

    return loaded
