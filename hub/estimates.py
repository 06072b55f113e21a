"""What an evaluation will ask of its models, about: what its adapter knows, else one call a row. Pure.

How long prompts and answers are, nobody knows before a run, so tokens come from adapters alone. What an answer may
cost at most follows from its `max_tokens`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from hub.adapter import Adapter, DatasetInfo, DatasetRequest, Estimate, Estimator, Evaluation, expected_rows
from hub.spec import PricesSpec

_MILLION = 1_000_000
_JUDGED = "at most one call an answer, and one more where the reply is no verdict"


def estimates_of(adapter: Adapter, evaluation: Evaluation) -> tuple[Estimate, ...]:
    """Return what is expected of every data set that asks a model through the gateway."""
    if isinstance(adapter, Estimator):
        return adapter.estimate(evaluation)
    known = adapter.datasets()
    by_rows = [_by_rows(request, known[request.name]) for request in evaluation.datasets]
    asked = by_rows if evaluation.model.via == "endpoint" else []
    judged = [
        replace(estimate, role="judge", basis=_JUDGED)
        for request, estimate in zip(evaluation.datasets, by_rows, strict=True)
        if adapter.uses_judge(replace(evaluation, datasets=(request,)))
    ]
    return (*asked, *judged)


def _by_rows(request: DatasetRequest, info: DatasetInfo) -> Estimate:
    rows = expected_rows(request, info)
    return Estimate(request.label, "candidate", rows.number, None, None, f"one call a row {rows.basis}")


@dataclass(frozen=True)
class Bill:
    """What one role is expected to be asked in a whole run.

    Attributes:
        calls: of the data sets that are known; `unknown` names the others.
        tokens: where adapters know them; None where one does not.
        answer_tokens: how many answers may have at most; None where one has no `max_tokens`.
    """

    role: str
    calls: int
    tokens: int | None
    answer_tokens: int | None
    unknown: tuple[str, ...]

    def cost(self, prices: PricesSpec) -> tuple[float, float] | None:
        """Return what the tokens cost at least and at most, by which of them are prompts; None where unknown."""
        if self.tokens is None or self.unknown:
            return None
        both = (self.tokens * prices.input / _MILLION, self.tokens * prices.output / _MILLION)
        return min(both), max(both)

    def answer_cost(self, prices: PricesSpec) -> float | None:
        """Return what answers cost at most; prompts come on top."""
        if self.answer_tokens is None or self.unknown:
            return None
        return self.answer_tokens * prices.output / _MILLION


def bills(parts: Iterable[tuple[Estimate, int | None]]) -> Iterator[Bill]:
    """Yield a bill for each role; a part is an estimate and how many tokens one of its answers may have."""
    by_role: dict[str, list[tuple[Estimate, int | None]]] = {}
    for estimate, longest in parts:
        by_role.setdefault(estimate.role, []).append((estimate, longest))
    for role, found in by_role.items():
        tokens = [estimate.tokens for estimate, _ in found]
        answers = [_most(estimate, longest) for estimate, longest in found]
        yield Bill(
            role,
            sum(estimate.calls or 0 for estimate, _ in found),
            _sum(tokens),
            _sum(answers),
            tuple(estimate.dataset for estimate, _ in found if estimate.calls is None and estimate.tokens is None),
        )


def _most(estimate: Estimate, longest: int | None) -> int | None:
    calls = estimate.most_calls or estimate.calls
    return None if calls is None or longest is None else calls * longest


def _sum(numbers: list[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None
