"""What a failure means for its call and for the server that it came from. Pure."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Literal

from hub.gateway.call import Failure, Headers

# away: the server took no request, so none was spoilt. failing: it took one and gave no answer.
Health = Literal["alive", "failing", "away"]

_RETRIED_STATUSES = frozenset({408, 409, 425, 429})
_REQUEST_S_FAULT = frozenset({400, 413, 422})
_QUOTA = "insufficient_quota"
_LONGEST_HOLD_S = 3600.0
# What a gate says of a call that it does not let through.
_OURS = frozenset({"upstream_down", "budget_spent"})
_NO_TURN = frozenset({"queue_timeout", "retry_after"})
# The same request would meet the same again.
_NOT_AGAIN = _NO_TURN | {"redirect", "too_large", _QUOTA}


def worth_another_try(failure: Failure) -> bool:
    """Return whether the same request may well succeed a little later."""
    if failure.type in _OURS or failure.code in _NOT_AGAIN:
        return False
    return failure.status >= 500 or failure.status in _RETRIED_STATUSES


def health_of(failure: Failure | None) -> Health:
    """Return how a server is that did this with a request; who blames the request, or asks for patience, lives."""
    match failure:
        case None:
            return "alive"
        case Failure(type="upstream_unreachable", code=code):
            return "failing" if code == "dropped" else "away"
        case Failure(code="connect_timeout") | Failure(type="upstream_error", status=503):
            return "away"
        case Failure(code="too_large"):
            return "alive"
        case _:
            return "failing" if failure.status >= 500 else "alive"


def was_sent(failure: Failure) -> bool:
    """Return whether this is what an upstream did: not what a call was told that never got its turn."""
    return failure.type not in _OURS and failure.code not in _NO_TURN


def refuses_key(failure: Failure) -> bool:
    """Return whether the key is refused, or its account has no money left."""
    return failure.status in {401, 403} or failure.code == _QUOTA


def blames_request(failure: Failure) -> bool:
    """Return whether the request itself cannot be answered: too long, say, or not well formed.

    By the status, since many an upstream calls a wrong key or an unknown model an `invalid_request_error`, too.
    """
    return failure.status in _REQUEST_S_FAULT


def retry_after_s(headers: Headers, now: float) -> float | None:
    """Return for how long an upstream asks to be left alone; None where it does not, or not in a way to be read.

    Args:
        headers: of its answer.
        now: seconds since the epoch, for dates.
    """
    said = {name.lower(): value.strip() for name, value in headers}
    asked = _number(said.get("retry-after-ms", ""), 1e-3)
    if asked is None:
        asked = _number(said.get("retry-after", ""), 1.0)
    if asked is None:
        asked = _until_date(said.get("retry-after", ""), now)
    # A wrong clock or unit must not end the run.
    return None if asked is None else min(max(asked, 0.0), _LONGEST_HOLD_S)


def _number(text: str, unit_s: float) -> float | None:
    try:
        number = float(text) * unit_s
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _until_date(text: str, now: float) -> float | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if date.tzinfo is None:  # "-0000", which RFC 5322 takes for UTC
        date = date.replace(tzinfo=timezone.utc)
    return (date - datetime.fromtimestamp(now, timezone.utc)).total_seconds()
