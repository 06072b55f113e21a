import pytest

from hub.gateway.budget import Budget, Spent, spent_of, with_budget
from hub.gateway.config import Prices, Verdict
from hub.gateway.tokens import Usage
from hub.ledger import LedgerRow
from tests.fakes.clock import run
from tests.hub.gateway.played import ANSWER, Server, call, upstream

PRICES = Prices(input=2.0, output=10.0)
NOTHING = Usage(0, 0)


def row(**changes):
    return LedgerRow(**{
        "session": 1, "at": 0.0, "role": "candidate", "dataset": "arc", "operation": "completions", "outcome": "ok",
        "upstream": "http://a/v1", "model": "m", "attempts": 1, "tokens_in": 10, "tokens_out": 5, **changes,
    })  # fmt: skip


def ask(budget, jobs=("job",), usage=NOTHING):
    server, told = Server(), []

    async def settled(asked):
        answer = await server(asked)
        budget.settle(asked, usage)
        return answer

    async def steps():
        step = with_budget(settled, budget, told.append)
        return [await step(call(upstream(prices=PRICES), job_id=job)) for job in jobs]

    return run(steps()), told, len(server.sent_at)


def test_without_a_budget_everything_is_asked():
    answers, told, _ = ask(Budget(), usage=Usage(1 << 40, 1 << 40), jobs=("job",) * 3)

    assert answers == [ANSWER] * 3
    assert not told


def test_once_the_tokens_are_spent_nothing_is_asked_and_each_job_is_told():
    answers, told, sent = ask(Budget(tokens=1_000_000), ("a", "a", "b"), Usage(600_000, 400_000))

    assert sent == 1
    assert [(answer.status, answer.failure and answer.failure.type) for answer in answers] == [
        (200, None), (402, "budget_spent"), (402, "budget_spent"),
    ]  # fmt: skip
    reason = "the budget of 1,000,000 tokens is spent"
    assert answers[1].failure.message == reason
    assert told == [Verdict("a", "budget", reason), Verdict("b", "budget", reason)]


def test_money_is_counted_by_the_prices_of_the_model():
    _, told, sent = ask(Budget(cost=5.0), ("job",) * 4, Usage(1_000_000, 100_000))

    assert sent == 2
    assert told[0].reason == "the budget of 5 is spent"


def test_what_earlier_starts_spent_counts():
    _, told, sent = ask(Budget(tokens=100, spent=Spent(tokens=100)))

    assert sent == 0
    assert told


def test_rows_of_earlier_starts_are_summed_up():
    rows = [
        row(),
        row(tokens_in=1_000_000, tokens_out=500_000),
        row(cached=True, tokens_in=1000),
        row(outcome="upstream_error", tokens_in=None, tokens_out=None),
        row(outcome="client_left", tokens_in=None, tokens_out=None, bytes_in=40, bytes_out=8),
        row(outcome="gateway_error", tokens_in=100, tokens_out=11),
        row(outcome="client_left", attempts=0, tokens_in=None, tokens_out=None, bytes_in=40),
        row(upstream="http://b/v1", tokens_in=1, tokens_out=1),
    ]

    spent = spent_of(rows, {("http://a/v1", "m"): PRICES})

    assert spent.tokens == 15 + 1_500_000 + 12 + 111 + 2
    assert spent.cost == pytest.approx((1_000_120 * 2 + 500_018 * 10) / 1_000_000)
