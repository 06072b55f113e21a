"""Rows of a ledger, made up: an answered call of the candidate unless said otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hub.ledger import LedgerRow


def row(number: int = 0, **fields: Any) -> LedgerRow:
    """Return the call with this number: 250 ms, 10 tokens in and 5 out, one request."""
    given: dict[str, Any] = {
        "session": 1,
        "at": 1_760_000_000.0 + number,
        "role": "candidate",
        "dataset": "arc",
        "operation": "chat/completions",
        "outcome": "ok",
        "key": f"{number:064x}",
        "attempts": 1,
        "latency_ms": 250.0,
        "tokens_in": 10,
        "tokens_out": 5,
    }
    return LedgerRow(**{**given, **fields})


def failed(number: int = 0, **fields: Any) -> LedgerRow:
    """Return a call that the client was told a failure of."""
    given: dict[str, Any] = {
        "outcome": "upstream_error",
        "status": 502,
        "error": "answered 500",
        "tokens_in": None,
        "tokens_out": None,
    }
    return row(number, **{**given, **fields})


def cut_off(first: int, count: int, **fields: Any) -> Iterable[LedgerRow]:
    """Return so many calls, from this number on, whose client left before the answer came."""
    gone: dict[str, Any] = {"outcome": "client_left", "status": 499, "error": "", "delivered": False, **fields}
    return [failed(number, **gone) for number in range(first, first + count)]


def calls(answered: int, lost: int = 0, **fields: Any) -> Iterable[LedgerRow]:
    """Return so many answered calls, and after them so many that failed."""
    good = [row(number, **fields) for number in range(answered)]
    return [*good, *(failed(number, **fields) for number in range(answered, answered + lost))]
