"""Sum agreements up: Eval-Scope's figures, exactly; the stricter ones beside them; and what counted in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from adapters.runtime.statistics import estimate
from adapters.toolbench.evaluator.static.agreement import Agreement, Bucket

# Eval-Scope adds it to each F1.
_ANCHOR = 1e-30


class Figure(NamedTuple):
    """One figure, or why there is none.

    Attributes:
        value: as Eval-Scope computes it, to the last digit.
        n: how many items it is the mean of.
        stderr, ci95: of the mean (adapters.runtime.statistics), or why there are none. Steps of one conversation are
            taken for independent.
    """

    name: str
    value: float | None = None
    n: int = 0
    absent: str = ""
    stderr: float | None = None
    ci95: tuple[float, float] | None = None
    uncertainty_absent: str = ""


class Totals(NamedTuple):
    """All figures in their order, and how many items were dropped for which reason."""

    figures: tuple[Figure, ...]
    counted: int
    dropped: Counter[str]


def sum_up(items: Sequence[Agreement]) -> Totals:
    """Return the totals of the items that were answered."""
    counted = [item for item in items if not item.dropped]
    hallucinated = [float(item.hallucinated) for item in items]  # of all items, dropped ones too
    figures = (
        _mean("action_em", (item.action for item in counted), "no reference that counts calls a tool"),
        _mean("plan_em", (item.plan for item in counted), "no item counts"),
        _f1("f1", counted, ("easy", "hard", "both"), "no reference that counts calls a tool with readable arguments"),
        _f1("easy_f1", counted, ("easy", "both"), "no reference that counts calls a tool without arguments"),
        _f1("hard_f1", counted, ("hard", "both"), "no reference that counts calls a tool with arguments"),
        _mean("hallu_rate", hallucinated, "no item was answered"),
        _mean("rouge_l", (item.rouge_l for item in counted), "no reference that counts gives an answer"),
        _mean("action_em_strict", (item.strict_action for item in items), "no reference calls a listed tool"),
        _mean("plan_em_strict", (item.strict_plan for item in items), "no reference can be used"),
    )
    return Totals(figures, len(counted), Counter(item.dropped for item in items if item.dropped))


def _mean(name: str, values: Iterable[float | None], absent: str) -> Figure:
    found = [float(value) for value in values if value is not None]
    if not found:
        return Figure(name, absent=absent)
    known = estimate(found)
    return Figure(
        name,
        sum(found) / len(found),
        len(found),
        stderr=known.stderr,
        ci95=known.ci95,
        uncertainty_absent=known.uncertainty_absent,
    )


def _f1(name: str, items: Iterable[Agreement], buckets: tuple[Bucket, ...], absent: str) -> Figure:
    figure = _mean(name, (item.f1 for item in items if item.bucket in buckets), absent)
    return figure if figure.value is None else figure._replace(value=figure.value + _ANCHOR)
