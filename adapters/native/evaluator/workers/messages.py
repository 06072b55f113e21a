"""What passes between the evaluator and a worker: one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from adapters.native.evaluator.errors import EvaluationError
from adapters.native.evaluator.request import Generation, Likelihood, Outcome, Request

_BUG = "This is a bug in evaldock; the job's log has the details."


@dataclass(frozen=True)
class Order:
    """Requests for a worker; `known`: which of them need not be answered. Its answers carry the order's number."""

    number: int
    dataset: str
    requests: tuple[Request, ...]
    known: tuple[int, ...]


def order_line(number: int, dataset: str, requests: Sequence[Request], known: Collection[int]) -> str:
    """Return the line of an order."""
    told = [{"kind": type(request).__name__, **asdict(request)} for request in requests]
    return _line({"order": number, "dataset": dataset, "requests": told, "known": sorted(known)})


def read_order(line: str) -> Order:
    """Return what `order_line` wrote."""
    told = json.loads(line)
    return Order(told["order"], told["dataset"], tuple(map(_request, told["requests"])), tuple(told["known"]))


def ready_line(facts: Mapping[str, str], *, chat: bool) -> str:
    """Return the line of a worker that has loaded its model."""
    return _line({"ready": {"facts": dict(facts), "chat": chat}})


def outcome_line(order: int, index: int, outcome: Outcome) -> str:
    """Return the line of one answer; `index`: of its request in the order."""
    return _line({"order": order, "index": index, "outcome": vars(outcome)})


def done_line(order: int) -> str:
    """Return the line that ends an order."""
    return _line({"order": order, "done": True})


def failed_line(order: int, error: Exception) -> str:
    """Return the line of an order (0: of loading) that cannot be brought to its end."""
    if isinstance(error, EvaluationError):
        return _line({"order": order, "failed": error.reason, "hint": error.hint})
    return _line({"order": order, "failed": f"{type(error).__name__}: {error}", "hint": _BUG})


def read_outcome(told: Mapping[str, Any]) -> Outcome:
    """Return the outcome that a line holds."""
    return Outcome(**{**told["outcome"], "likelihoods": tuple(told["outcome"]["likelihoods"])})


def _request(told: dict[str, Any]) -> Request:
    if told.pop("kind") == "Likelihood":
        return Likelihood(**{**told, "continuations": tuple(told["continuations"])})
    prompt = told["prompt"]
    return Generation(**{**told, "prompt": prompt if isinstance(prompt, str) else tuple(prompt)})


def _line(data: Mapping[str, Any]) -> str:
    return json.dumps(data) + "\n"
