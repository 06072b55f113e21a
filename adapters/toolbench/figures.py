"""What metrics.json of a data set says: its figures as Metrics, and what must be known beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator

from adapters.toolbench.contract import StableDataset, StaticDataset
from hub.report import Metric, Raw, Source

State = Literal["scored", "model_error", "infra_error", "judge_fallback", "skipped"]


def _literal(value: object) -> object:
    """Return a whole number as its text, too: of the others the reader keeps the text."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(text, str) and not isfinite(float(text)):
        raise ValueError("a figure must be a number")
    return text


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


class Written(BaseModel):
    """metrics.json of a data set: `absent`, or all the others; of an agent those from `prompts` on."""

    absent: str = ""
    data: str = ""
    planned: int = 0
    states: dict[State, int] = {}
    metrics: dict[str, Figure] = {}
    counted: int = 0
    dropped: dict[str, int] = {}
    prompts: str = ""
    prompt: str = ""
    synthetic_tools: int = 0
    reordered_hits: int = 0
    recorded: str = ""
    described: str = ""
    reference: str = ""
    unjudged: int = 0
    unopposed: int = 0


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


def way(dataset: StableDataset, found: Written) -> str:
    """Return in words what else decides an agent's figures, all of it."""
    words = [
        dataset.method_name,
        f"{dataset.max_steps} steps, {dataset.max_calls} calls, {dataset.observation_limit} characters at most",
        f"functions {dataset.compat}, APIs {dataset.api}, prompts {found.prompts or 'not known'}",
        f"answers recorded {found.recorded}" if found.recorded else "",
        f"tools described {found.described}" if found.described else "",
        "tools synthetic" if found.synthetic_tools else "",
        f"judged {dataset.rounds} times" if dataset.judge else "",
        f"over the reference {found.reference}" if dataset.reference else "",
    ]
    return "; ".join(word for word in words if word)


def caveat(found: Written, dataset: StaticDataset | StableDataset) -> str:
    """Return what the figures must not be read without."""
    words = _of_agent(found, dataset) if isinstance(dataset, StableDataset) else _of_steps(found)
    return "; ".join([*words, *_missing(found.metrics)])


def _of_agent(found: Written, dataset: StableDataset) -> Iterator[str]:
    if not dataset.judge:
        yield "nothing was judged"
    if found.unjudged and "sopr" in found.metrics and found.metrics["sopr"].value is not None:
        # What needs no judge, for it has no answer, is Unsolved all the same.
        missing = f"verdicts on {found.unjudged} of {found.planned} queries are missing and left out"
        yield f"{missing}: sopr is likely too low"
    if found.unopposed:
        yield f"the reference lacks {found.unopposed} of {found.planned} queries, which count as won"


def _of_steps(found: Written) -> Iterator[str]:
    dropped = sum(found.dropped.values())
    if dropped:
        reasons = ", ".join(f"{number}: {reason}" for reason, number in sorted(found.dropped.items()))
        yield f"{dropped} of {found.counted + dropped} do not count by Eval-Scope's rules ({reasons})"


def _missing(found: Mapping[str, Figure]) -> list[str]:
    """Return why there is no number for some figures, a reason once."""
    names: dict[str, list[str]] = {}
    for name in _ORDER:
        if name in found and found[name].value is None:
            names.setdefault(found[name].absent, []).append(name)
    return [f"no {', '.join(those)}: {reason}" for reason, those in names.items()]


def tally(found: Written, place: str, dataset: StaticDataset | StableDataset) -> list[Metric]:
    """Return how many items count in Eval-Scope's figures; of an agent, what was made up, or found reordered."""
    if isinstance(dataset, StaticDataset):
        dropped = sum(found.dropped.values())
        return [_count("counted", found.counted, place), _count("dropped", dropped, place, better=False)]
    reordered = _count("reordered_hits", found.reordered_hits, place, better=False)
    return [_count("synthetic_tools", found.synthetic_tools, place, better=False), reordered]


def _count(name: str, number: int, place: str, *, better: bool = True) -> Metric:
    return Metric(
        name=name,
        raw=Raw(literal=str(number), unit="count"),
        value=None,
        uncertainty_absent="a count",
        higher_is_better=better,
        source=Source(file=place, key=name),
    )
