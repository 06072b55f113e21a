import random
import time
import tracemalloc
from itertools import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ledger import OUTCOMES, LedgerRow
from hub.report import Quantiles, Usage
from hub.spec import PricesSpec
from hub.usage import quantile, summarize
from tests.fakes.ledger import failed, row

PRICES = PricesSpec(input=2.0, output=6.0, currency="EUR")


def only(*rows: LedgerRow, start: int = 1, prices: PricesSpec | None = None) -> Usage:
    (usage,) = summarize(rows, start, {"candidate": prices} if prices else {})
    return usage


def test_nothing_asked_is_nothing_said() -> None:
    assert summarize((), 1, {"candidate": PRICES}) == ()


def test_the_candidate_comes_first_whoever_asked_first() -> None:
    rows = [row(role="second"), row(role="judge"), row(role="candidate")]

    assert [usage.role for usage in summarize(rows, 1, {})] == ["candidate", "judge", "second"]


def test_asking_for_the_list_of_models_is_no_call_of_a_model() -> None:
    assert summarize([row(operation="models")], 1, {}) == ()


def test_calls_are_those_of_the_last_start_and_requests_those_of_every_start() -> None:
    before = [row(0), row(1, attempts=3)]
    after = [
        row(0, session=2, attempts=0, cached=True),
        row(1, session=2, attempts=0, cached=True),
        row(2, session=2),
    ]

    usage = only(*before, *after, start=2)

    assert (usage.calls, usage.cached) == (3, 2)
    assert (usage.requests, usage.retries) == (5, 2)


def test_a_last_start_that_asked_nothing_has_no_calls_and_still_what_was_paid_before() -> None:
    usage = only(row(0), row(1), start=2)

    assert (usage.calls, usage.requests, usage.tokens_in, usage.paid_tokens_in) == (0, 2, None, 20)


def test_a_failed_call_is_counted_by_its_kind() -> None:
    usage = only(failed(0), failed(1), failed(2, outcome="budget_spent", attempts=0), row(3))

    assert (usage.calls, usage.failed) == (4, 3)
    assert usage.failures == {"budget_spent": 1, "upstream_error": 2}


@pytest.mark.parametrize("left", [{"delivered": False}, {"outcome": "client_left", "delivered": False}])
def test_a_client_that_left_is_no_failure_of_the_call(left: dict[str, object]) -> None:
    usage = only(row(**left))

    assert (usage.calls, usage.failed, usage.undelivered) == (1, 0, 1)


def test_an_answer_counts_once_where_the_client_had_left_and_asked_again() -> None:
    usage = only(row(0, delivered=False), row(0, attempts=0, cached=True))

    assert (usage.tokens_in, usage.tokens_out) == (10, 5)
    assert (usage.paid_tokens_in, usage.paid_tokens_out) == (10, 5)


def test_cached_answers_have_tokens_that_were_not_paid() -> None:
    usage = only(row(0), row(1, attempts=0, cached=True))

    assert (usage.tokens_in, usage.paid_tokens_in) == (20, 10)


def test_tokens_that_nobody_counted_are_unknown_not_zero() -> None:
    usage = only(row(tokens_in=None, tokens_out=None), prices=PRICES)

    assert (usage.tokens_in, usage.paid_tokens_in, usage.uncounted, usage.cost) == (None, None, 1, None)


def test_the_cost_is_of_what_was_paid_by_the_task_s_prices() -> None:
    rows = [row(0, tokens_in=1_000_000, tokens_out=500_000), row(1, attempts=0, cached=True)]

    usage = only(*rows, prices=PRICES)

    assert (usage.cost, usage.currency) == (5.0, "EUR")


def test_without_prices_there_is_no_cost() -> None:
    usage = only(row())

    assert (usage.cost, usage.currency) == (None, "")


def test_times_are_of_calls_that_went_upstream() -> None:
    rows = [row(0, latency_ms=100.0), row(1, latency_ms=300.0), row(2, latency_ms=1.0, attempts=0, cached=True)]

    assert only(*rows).latency == Quantiles(p50=100.0, p90=300.0, p99=300.0)


def test_the_first_byte_s_time_is_of_streams_alone() -> None:
    assert only(row(0)).ttft is None
    assert only(row(0), row(1, ttft_ms=40.0)).ttft == Quantiles(p50=40.0, p90=40.0, p99=40.0)


def test_where_nothing_went_upstream_no_time_is_known() -> None:
    assert only(row(attempts=0, cached=True)).latency is None


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.9, 90), (0.99, 99), (0.001, 1), (1.0, 100)])
def test_a_quantile_is_a_value_that_was_measured(share: float, value: int) -> None:
    assert quantile(range(1, 101), share) == value


TOKENS = st.none() | st.integers(0, 10_000)
ROWS = st.builds(
    row,
    number=st.integers(0, 5),
    session=st.integers(1, 3),
    role=st.sampled_from(["candidate", "judge"]),
    operation=st.sampled_from(["chat/completions", "completions", "models"]),
    outcome=st.sampled_from(sorted(OUTCOMES)),
    attempts=st.integers(0, 4),
    cached=st.booleans(),
    delivered=st.booleans(),
    latency_ms=st.floats(0, 1e6),
    tokens_in=TOKENS,
    tokens_out=TOKENS,
)


@given(st.lists(ROWS, max_size=40), st.integers(1, 3))
def test_the_sums_agree_with_a_naive_count(rows: list[LedgerRow], start: int) -> None:
    for usage in summarize(iter(rows), start, {"candidate": PRICES, "judge": PRICES}):
        mine = [part for part in rows if part.role == usage.role and part.operation != "models"]
        last = [part for part in mine if part.session == start]
        sent = [part for part in mine if part.attempts > 0]
        assert usage.calls == len(last)
        assert usage.cached == sum(part.cached for part in last)
        assert usage.requests == sum(part.attempts for part in mine)
        assert usage.retries == usage.requests - len(sent)
        fine = [part for part in last if part.outcome == "ok" and part.delivered]
        assert usage.calls == len(fine) + usage.failed + usage.undelivered
        assert usage.failed == sum(usage.failures.values())
        assert (usage.tokens_in or 0) == sum(part.tokens_in or 0 for part in fine)
        assert (usage.tokens_out or 0) == sum(part.tokens_out or 0 for part in fine)
        assert (usage.paid_tokens_in or 0) == sum(part.tokens_in or 0 for part in sent)
        assert (usage.paid_tokens_out or 0) == sum(part.tokens_out or 0 for part in sent)
        assert (usage.latency is None) == (not sent)
        if usage.latency:
            assert {usage.latency.p50, usage.latency.p99} <= {part.latency_ms for part in sent}


@given(st.lists(ROWS, max_size=20), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(rows: list[LedgerRow], draw: random.Random) -> None:
    shuffled = draw.sample(rows, len(rows))

    assert summarize(shuffled, 2, {"candidate": PRICES}) == summarize(rows, 2, {"candidate": PRICES})


def test_a_hundred_thousand_rows_are_summed_up_in_a_blink() -> None:
    rows = [row(latency_ms=float(number % 977)) for number in range(1000)] * 100
    begun = time.process_time()

    summarize(rows, 1, {"candidate": PRICES})

    assert time.process_time() - begun < 1


def test_of_rows_that_come_one_by_one_only_the_times_are_kept() -> None:
    rows = repeat(row(ttft_ms=20.0), 20_000)
    tracemalloc.start()

    summarize(rows, 1, {})

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 * 20_000
