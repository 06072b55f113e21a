"""How a call ended, and the row of the ledger that says so. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from hub.gateway.call import Call, Failure, FailureType
from hub.gateway.meaning import blames_request
from hub.ledger import OUTCOMES, LedgerRow, Outcome

CLIENT_LEFT = 499  # nginx's number for it
_OURS = frozenset(get_args(FailureType)) & OUTCOMES  # upstreams have types of their own


@dataclass
class Ending:
    """What the server alone knows of a call; it is filled in while the call goes on.

    Attributes:
        at: arrival, seconds since the epoch.
        arrived_at, ended_at: the event loop's time.
        status: what the client was told; CLIENT_LEFT until it was told everything.
        failure: set where the client was told one.
        said: what the client was sent; None where nobody wants to know.
    """

    at: float
    arrived_at: float
    ended_at: float = 0.0
    status: int = CLIENT_LEFT
    failure: Failure | None = None
    delivered: bool = False
    bytes_out: int = 0
    said: list[bytes] | None = None

    def sent(self, piece: bytes) -> None:
        """Note what the client was sent."""
        self.bytes_out += len(piece)
        if self.said is not None:
            self.said.append(piece)

    @property
    def outcome(self) -> Outcome:
        """Return the class that the report counts."""
        if not self.delivered:
            return "client_left"
        if self.failure is None:
            return "ok"
        if blames_request(self.failure):
            return "invalid_request"
        kind = self.failure.type
        return kind if kind in _OURS else "upstream_error"  # type: ignore[return-value]


def row_of(call: Call, ending: Ending) -> LedgerRow:
    """Return the ledger's row of a call that has ended."""
    account, first = call.account, call.account.first_byte_at
    return LedgerRow(
        session=call.session,
        at=ending.at,
        role=call.role,
        dataset=call.dataset,
        operation=call.operation,
        outcome=ending.outcome,
        sample=call.sample,
        key=account.key,
        number=account.number,
        upstream=call.upstream.base_url,
        model=call.upstream.model,
        attempts=account.attempts,
        status=ending.status,
        error=ending.failure.message if ending.failure else "",
        waited_ms=account.waited_s * 1000,
        latency_ms=(ending.ended_at - ending.arrived_at) * 1000,
        ttft_ms=None if first is None else (first - ending.arrived_at) * 1000,
        tokens_in=account.tokens_in,
        tokens_out=account.tokens_out,
        cached=account.cached,
        delivered=ending.delivered,
        bytes_in=account.bytes_in,
        bytes_out=ending.bytes_out,
    )
