"""A report in the form that Eval-Scope's run_task returned."""

from __future__ import annotations

from typing import Any

from hub.errors import EvaldockError
from hub.report import Report, Result
from hub.text import did_you_mean

_DICT_SCORES = ("general_qa",)
_DIGITS = 4


def to_seed_reports(report: Report, *, model: str | None = None) -> dict[str, dict[str, Any]]:
    """Return `{data set: {name, metric, score, category, total_num}}` of one model.

    `score` is 0-1, rounded to 4 digits as there (general_qa: a mapping of all metrics), None where there is none;
    `total_num` counts the samples that the score stands on; all subsets are in one category, DEFAULT.

    Raises:
        EvaldockError: the report has several models and `model` names none of them.
    """
    known = list(dict.fromkeys(job.model for job in report.jobs))
    if model is None and len(known) > 1:
        raise EvaldockError(f"the report has {len(known)} models; name one of them", hint=f"model={known[0]!r}")
    if model is not None and model not in known:
        raise EvaldockError(f"the report has no model {model!r}{did_you_mean(model, known)}")
    results: dict[str, list[Result]] = {}
    for job in report.jobs:
        for result in job.results if model in {None, job.model} else ():
            results.setdefault(result.dataset, []).append(result)
    return {dataset: _report(dataset, parts) for dataset, parts in results.items()}


def _report(dataset: str, parts: list[Result]) -> dict[str, Any]:
    whole = next((part for part in parts if part.key.subset is None), parts[0])
    subsets = [{"name": part.key.subset, "score": _score(part)} for part in parts if _is_subset(part)]
    return {
        "name": dataset,
        "metric": whole.metrics[0].name if whole.metrics else "",
        "score": _score(whole),
        "category": [{"name": "DEFAULT", "score": _score(whole), "subset": subsets}],
        "total_num": whole.counts.scored,
    }


def _is_subset(part: Result) -> bool:
    return part.key.subset is not None and not part.averages


def _score(result: Result) -> float | dict[str, float | None] | None:
    values = {
        metric.name: None if metric.value is None else round(metric.value, _DIGITS) for metric in result.metrics
    }
    if result.key.benchmark in _DICT_SCORES and values:
        return values
    return next(iter(values.values()), None)
