"""What an evaluation will ask, about: known before it starts, so that nobody is surprised by the bill. Pure.

Tokens of a query are the means of StableToolBench's published answers; a judge's calls follow from its rounds.
"""

from __future__ import annotations

from collections.abc import Iterator

from adapters.toolbench.catalog import STABLE, STATIC
from adapters.toolbench.contract import VERDICT_TRIES, StableDataset
from adapters.toolbench.translate import stable_dataset
from hub.adapter import DatasetRequest, Estimate, Evaluation

_TOKENS = {"cot": 6_900, "dfsdt": 27_000}
_PUBLISHED = "tokens as in StableToolBench's published answers"
_STEPS = "one call an item"
# A second look where the first is not sure; of a comparison, both answers' statuses and a choice.
_VERDICTS, _COMPARED = (1, 2), (2, 5)


def estimate(evaluation: Evaluation) -> tuple[Estimate, ...]:
    """Return what is expected of every data set."""
    return tuple(found for request in evaluation.datasets for found in _dataset(evaluation, request))


def _dataset(evaluation: Evaluation, request: DatasetRequest) -> Iterator[Estimate]:
    entry = {**STATIC, **STABLE}[request.name]
    rows = None if request.path else entry.rows
    planned = rows if request.limit is None else min(request.limit, rows or request.limit)
    if request.name in STATIC:
        yield Estimate(request.label, "candidate", planned, None, planned, _STEPS)
    else:
        yield from _agent(stable_dataset(evaluation, request), planned)


def _agent(dataset: StableDataset, queries: int | None) -> Iterator[Estimate]:
    tries = dataset.tries if dataset.method == "cot" else 1
    tokens = None if queries is None else queries * _TOKENS[dataset.method]
    longest = tries * dataset.max_steps if dataset.method == "cot" else dataset.max_calls
    most = None if queries is None else queries * min(longest, dataset.max_calls)
    name = (
        f"{dataset.method_name}; {_PUBLISHED}, for one try" if tries > 1 else f"{dataset.method_name}; {_PUBLISHED}"
    )
    yield Estimate(dataset.label, "candidate", None, tokens, most, name)
    if dataset.judge:
        least, upper = _COMPARED if dataset.reference else _VERDICTS
        calls = None if queries is None else queries * dataset.rounds
        basis = f"{dataset.rounds} rounds, {least} to {upper} questions each, again where no verdict can be read"
        known = (None, None) if calls is None else (calls * least, calls * upper * VERDICT_TRIES)
        yield Estimate(dataset.label, "judge", known[0], None, known[1], basis)
    if dataset.api == "simulate":
        yield Estimate(dataset.label, "simulator", None, None, None, "one call for each that the cache does not know")
