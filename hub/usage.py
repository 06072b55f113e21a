"""What a job asked of its models, summed up from the ledger's rows: calls, requests, tokens, times, money."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from hub.ledger import LedgerRow
from hub.report import Quantiles, Usage
from hub.spec import PricesSpec

_PRICED = 1_000_000  # tokens
_ROLES = ("candidate", "judge", "simulator")


def summarize(rows: Iterable[LedgerRow], start: int, prices: Mapping[str, PricesSpec]) -> tuple[Usage, ...]:
    """Return what each role asked, the candidate first; `rows` are of every start of the job, and read once.

    Args:
        rows: the job's, in any order.
        start: the number of its last start.
        prices: by role, where the task gives them.
    """
    tallies: dict[str, _Tally] = {}
    for row in rows:
        if row.asks_model:
            tallies.setdefault(row.role, _Tally()).add(row, last=row.session == start)
    return tuple(tallies[role].usage(role, prices.get(role)) for role in sorted(tallies, key=_place))


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return a quantile by nearest rank: a value that was measured, not one between two."""
    return ordered[max(1, ceil(share * len(ordered))) - 1]


def _place(role: str) -> tuple[int, str]:
    return (_ROLES.index(role) if role in _ROLES else len(_ROLES), role)


@dataclass
class _Tokens:
    """A sum of tokens; unknown until somebody counted."""

    known: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def add(self, row: LedgerRow) -> None:
        if counted(row):
            self.known += 1
            self.tokens_in += row.tokens_in or 0
            self.tokens_out += row.tokens_out or 0

    @property
    def pair(self) -> tuple[int | None, int | None]:
        return (self.tokens_in, self.tokens_out) if self.known else (None, None)


@dataclass
class _Tally:
    """One role's sums while the rows are read; only the measured times are kept one by one."""

    calls: int = 0
    requests: int = 0
    retries: int = 0
    cached: int = 0
    undelivered: int = 0
    uncounted: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    got: _Tokens = field(default_factory=_Tokens)
    paid: _Tokens = field(default_factory=_Tokens)
    latency_ms: array[float] = field(default_factory=lambda: array("d"))
    ttft_ms: array[float] = field(default_factory=lambda: array("d"))

    def add(self, row: LedgerRow, *, last: bool) -> None:
        """Take in one row; `last`: of the job's last start."""
        if last:
            self._add_call(row)
        if row.attempts:
            self._add_requests(row)

    def _add_call(self, row: LedgerRow) -> None:
        self.calls += 1
        self.cached += row.cached
        if row.outcome not in {"ok", "client_left"}:
            self.failures[row.outcome] += 1
        elif row.failed:
            self.undelivered += 1
        else:
            self.got.add(row)

    def _add_requests(self, row: LedgerRow) -> None:
        self.requests += row.attempts
        self.retries += row.attempts - 1
        self.paid.add(row)
        self.uncounted += row.outcome == "ok" and not counted(row)
        self.latency_ms.append(row.latency_ms)
        if row.ttft_ms is not None:
            self.ttft_ms.append(row.ttft_ms)

    def usage(self, role: str, prices: PricesSpec | None) -> Usage:
        """Return the sums."""
        tokens_in, tokens_out = self.got.pair
        paid_in, paid_out = self.paid.pair
        return Usage(
            role=role,
            calls=self.calls,
            requests=self.requests,
            retries=self.retries,
            cached=self.cached,
            failed=self.failures.total(),
            failures=dict(sorted(self.failures.items())),
            undelivered=self.undelivered,
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            paid_tokens_in=paid_in,
            paid_tokens_out=paid_out,
            uncounted=self.uncounted,
            latency=_quantiles(self.latency_ms),
            ttft=_quantiles(self.ttft_ms),
            cost=self._cost(prices) if prices else None,
            currency=prices.currency if prices else "",
        )

    def _cost(self, prices: PricesSpec) -> float | None:
        if self.uncounted and not self.paid.known:
            return None
        return (self.paid.tokens_in * prices.input + self.paid.tokens_out * prices.output) / _PRICED


def counted(row: LedgerRow) -> bool:
    """Return whether somebody counted the call's tokens."""
    return row.tokens_in is not None or row.tokens_out is not None


def _quantiles(times_ms: array[float]) -> Quantiles | None:
    if not times_ms:
        return None
    ordered = sorted(times_ms)
    return Quantiles(p50=quantile(ordered, 0.5), p90=quantile(ordered, 0.9), p99=quantile(ordered, 0.99))
