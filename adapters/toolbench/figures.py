"""Figures of metrics.json as Metrics: which there are, in which order, of which unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator

from hub.report import Metric, Raw, Source


def _literal(value: object) -> object:
    """Return a whole number as its text, too: of the others the reader keeps the text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


# The headline first: of single steps as Eval-Scope lists them, then the stricter ones; of an agent ToolEval's rates,
# then what can be counted without a judge.
_ORDER = (
    *("action_em", "plan_em", "f1", "easy_f1", "hard_f1", "hallu_rate", "rouge_l"),
    *("action_em_strict", "plan_em_strict"),
    *("sopr", "sopr_std", "sowr", "sowr_ties"),
    *("finish_rate", "give_up_rate", "hallucinated_call_rate", "failed_call_rate", "cache_miss_rate"),
    *("calls_per_query", "tool_calls_per_query", "tokens_per_query"),
)
_MEANS = frozenset({"calls_per_query", "tool_calls_per_query", "tokens_per_query"})
_LOW_IS_GOOD = _MEANS | {
    *("hallu_rate", "sopr_std", "give_up_rate", "hallucinated_call_rate", "failed_call_rate", "cache_miss_rate"),
}


class Figure(BaseModel):
    """A figure of metrics.json; `value` is its literal text."""

    value: Annotated[str | None, BeforeValidator(_literal)]
    n: int
    absent: str
    stderr: float | None
    ci95: tuple[float, float] | None
    uncertainty_absent: str


def figures_of(found: Mapping[str, Figure], place: str) -> list[Metric]:
    """Return the metrics in their order; `place` is the file that holds them."""
    known = [(name, found[name]) for name in _ORDER if name in found]
    return [_metric(name, figure, figure.value, place) for name, figure in known if figure.value is not None]


def _metric(name: str, figure: Figure, literal: str, place: str) -> Metric:
    mean = name in _MEANS
    return Metric(
        name=name,
        raw=Raw(literal=literal, unit="score" if mean else "fraction", maximum=None if mean else 1.0),
        value=None if mean else float(literal),
        stderr=figure.stderr,
        ci95=figure.ci95,
        uncertainty_absent=figure.uncertainty_absent,
        higher_is_better=name not in _LOW_IS_GOOD,
        source=Source(file=place, key=f"metrics.{name}.value"),
    )
