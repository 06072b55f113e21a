"""Sum queries up: ToolEval's rates where a judge was asked, and what was counted beside them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from adapters.runtime.statistics import estimate
from adapters.toolbench.evaluator.stable.facts import Facts
from adapters.toolbench.evaluator.stable.tooleval import Judgement, round_scores

Figure = dict[str, Any]
_NO_SPREAD = "a spread over rounds"
_SHARE = "calls of one query depend on each other"
_MEAN = "a mean without a maximum"
_NO_CALL = "nothing was called"
_NOT_ASKED = "the job's own virtual server was asked nothing"


def sum_up(facts: Sequence[Facts], judgements: Sequence[Judgement], rounds: int) -> dict[str, Figure]:
    """Return the figures by name; `judgements`: of the queries that were judged, none without a judge."""
    figures = dict(_rates(judgements, rounds))
    if facts:
        figures |= {
            "finish_rate": mean([float(fact.finished) for fact in facts]),
            "give_up_rate": mean([float(fact.gave_up) for fact in facts]),
            "hallucinated_call_rate": _share(facts, lambda fact: (fact.hallucinated, fact.tool_calls), _NO_CALL),
            "failed_call_rate": _share(facts, lambda fact: (fact.failed, fact.tool_calls), _NO_CALL),
            "cache_miss_rate": _share(facts, lambda fact: (fact.missed, fact.served), _NOT_ASKED),
            "calls_per_query": _average(fact.calls for fact in facts),
            "tool_calls_per_query": _average(fact.tool_calls for fact in facts),
            "tokens_per_query": _average(fact.tokens for fact in facts if fact.tokens is not None),
        }
    return figures


def _rates(judgements: Sequence[Judgement], rounds: int) -> Iterator[tuple[str, Figure]]:
    if not judgements:
        return
    verdicts = [part.verdict for judgement in judgements for part in judgement.rounds]
    asked = [verdict.status for verdict in verdicts if verdict.asked]
    if asked and not any(asked):
        yield "sopr", _absent("the judge never gave a verdict")
        return
    scores = round_scores(judgements, rounds)
    figure = mean([score for judgement in judgements if (score := judgement.score) is not None])
    if not all(asked):
        figure |= {"stderr": None, "ci95": None, "uncertainty_absent": "verdicts are missing"}
    yield "sopr", {**figure, "value": statistics.fmean(scores)}
    yield "sopr_std", _figure(statistics.pstdev(scores), len(scores), _NO_SPREAD)
    outcomes = [judgement.outcome for judgement in judgements if judgement.outcome]
    if any(judgement.compared for judgement in judgements):
        compared = [("sowr", "win"), ("sowr_ties", "tie")]
        for name, wanted in compared:
            values = [float(outcome == wanted) for outcome in outcomes]
            yield name, mean(values) if values else _absent("the judge never compared")


def mean(values: Sequence[float]) -> Figure:
    """Return a mean of values in 0-1 with its uncertainty."""
    known = estimate(values)
    return {
        "value": sum(values) / len(values),
        "n": len(values),
        "absent": "",
        "stderr": known.stderr,
        "ci95": known.ci95,
        "uncertainty_absent": known.uncertainty_absent,
    }


def _share(facts: Sequence[Facts], of: Callable[[Facts], tuple[int, int]], absent: str) -> Figure:
    pairs = [of(fact) for fact in facts]
    whole = sum(total for _, total in pairs)
    return _figure(sum(part for part, _ in pairs) / whole, whole, _SHARE) if whole else _absent(absent)


def _average(values: Iterable[int]) -> Figure:
    known = list(values)
    return _figure(round(sum(known) / len(known), 4), len(known), _MEAN) if known else _absent("nobody counted them")


def _figure(value: float, n: int, uncertainty_absent: str) -> Figure:
    known: Figure = {"value": value, "n": n, "absent": "", "stderr": None, "ci95": None}
    return {**known, "uncertainty_absent": uncertainty_absent}


def _absent(reason: str) -> Figure:
    return {**_figure(0.0, 0, ""), "value": None, "absent": reason}
