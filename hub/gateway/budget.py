"""What a run may spend, and has spent: once it is all gone nothing more is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from hub.gateway.call import Answer, Call, Failure, Step
from hub.gateway.config import Books, Prices, Upstream, Verdict
from hub.gateway.limits import Place, place_of
from hub.gateway.tokens import Usage, reckoned
from hub.ledger import LedgerRow, read_rows

# An answer that came was paid, though nobody waited for it, or it could not be kept.
_PAID = frozenset({"ok", "client_left", "gateway_error"})
_MILLION = 1_000_000


@dataclass(frozen=True)
class Spent:
    """Tokens, and money in whatever currency the prices are."""

    tokens: int = 0
    cost: float = 0.0

    def plus(self, usage: Usage, prices: Prices | None) -> Spent:
        """Return this and one more call."""
        cost = (usage.tokens_in * prices.input + usage.tokens_out * prices.output) / _MILLION if prices else 0.0
        return Spent(self.tokens + usage.total, self.cost + cost)


def spent_of(rows: Iterable[LedgerRow], prices: Mapping[Place, Prices | None]) -> Spent:
    """Return what earlier starts of a run spent: on calls that were sent, and not refused."""
    spent = Spent()
    for row in rows:
        if row.attempts and not row.cached and row.outcome in _PAID:
            tokens_in = reckoned(row.bytes_in) if row.tokens_in is None else row.tokens_in
            tokens_out = reckoned(row.bytes_out) if row.tokens_out is None else row.tokens_out
            spent = spent.plus(Usage(tokens_in, tokens_out), prices.get((row.upstream, row.model)))
    return spent


class Budget:
    """What may be spent, and what is spent by now."""

    def __init__(self, tokens: int | None = None, cost: float | None = None, spent: Spent | None = None) -> None:
        """Begin with what earlier starts of the run spent; None for no limit."""
        self._tokens = tokens
        self._cost = cost
        self.spent = spent or Spent()

    def settle(self, call: Call, usage: Usage) -> None:
        """Note what a request took."""
        self.spent = self.spent.plus(usage, call.upstream.prices)

    def refusal(self) -> Failure | None:
        """Return what a call is told when nothing is left.

        402 and `insufficient_quota` are what clients take for final; after a 429 some ask for ever.
        """
        if self._tokens is not None and self.spent.tokens >= self._tokens:
            what = f"{self._tokens:,} tokens"
        elif self._cost is not None and self.spent.cost >= self._cost:
            what = f"{self._cost:,g}"
        else:
            return None
        return Failure(402, "budget_spent", "insufficient_quota", f"the budget of {what} is spent")


def budget_of(books: Books, upstreams: Iterable[Upstream]) -> Budget:
    """Return the budget of a run, less what its ledger says was spent."""
    if books.budget_tokens is None and books.budget_cost is None:
        return Budget()
    prices = {place_of(upstream): upstream.prices for upstream in upstreams}
    return Budget(books.budget_tokens, books.budget_cost, spent_of(read_rows(books.ledger), prices))


def with_budget(following: Step, budget: Budget, tell: Callable[[Verdict], None]) -> Step:
    """Ask only while something is left; `tell` is told of each job that would ask for more.

    What is under way when the last of it goes is still answered: so much may be spent beyond it.
    """

    async def step(call: Call) -> Answer:
        refusal = budget.refusal()
        if refusal is None:
            return await following(call)
        tell(Verdict(call.job_id, "budget", refusal.message))
        return Answer.failed(refusal)

    return step
