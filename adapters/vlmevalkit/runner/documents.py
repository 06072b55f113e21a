"""Data sets of questions about documents of many pages, which VLMEvalKit 0.0.20 cannot build or score by itself."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

NAMES = frozenset({"MMLongBench_DOC", "DUDE", "DUDE_MINI", "SLIDEVQA", "SLIDEVQA_MINI"})
_ONE_PAGE_A_PICTURE = "GPT4o"  # how VLMEvalKit asks this model, and nothing else of it


def build(name: str, known_as: str) -> Any:
    """Return VLMEvalKit's object for one of `NAMES`; `known_as` is its name of the model, empty for an endpoint."""
    from vlmeval.dataset import DATASET_CLASSES  # noqa: PLC0415

    (kind,) = (kind for kind in DATASET_CLASSES if name in kind.supported_datasets())
    # VLMEvalKit forgets to tell it the model, by whose name it chooses how pages are put together.
    found = kind(dataset=name, model=known_as or _ONE_PAGE_A_PICTURE)
    if not name.startswith("MMLongBench"):
        module: Any = sys.modules[kind.__module__]
        module.load = _with_texts(module.load)
    found.evaluate = _with_score(found.evaluate)
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
