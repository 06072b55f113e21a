from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hub.ledger import LedgerRow
from hub.overlay.account import Calls, read_account
from hub.report import SampleState
from tests.fakes.ledger import failed, row


def candidate(*rows: LedgerRow, start: int = 1) -> Calls:
    return read_account(rows, start).of("candidate", "arc", ("arc",))


def test_a_failed_call_is_lost() -> None:
    calls = candidate(row(0), failed(1))

    assert (calls.answered, len(calls.lost)) == (1, 1)
    assert calls.most_frequent_error() == "answered 500"


def test_a_client_that_asks_again_and_is_answered_lost_nothing() -> None:
    calls = candidate(failed(0), row(0))

    assert (calls.answered, len(calls.lost)) == (1, 0)


def test_a_client_that_asks_again_in_vain_lost_one_call_not_two() -> None:
    assert len(candidate(failed(0), failed(0)).lost) == 1


def test_the_same_question_asked_anew_is_another_call() -> None:
    calls = candidate(failed(0), replace(row(0), number=1))

    assert (calls.answered, len(calls.lost)) == (1, 1)


def test_two_samples_with_the_same_question_do_not_heal_one_another() -> None:
    calls = candidate(failed(0, sample="a"), row(0, sample="b"))

    assert len(calls.lost) == 1


def test_an_answer_that_the_client_did_not_get_is_lost() -> None:
    calls = candidate(row(0, delivered=False))

    assert [lost.error for lost in calls.lost.values()] == [
        "the client left before the answer came, and did not ask again"
    ]


def test_calls_that_were_refused_before_they_had_a_key_are_each_their_own() -> None:
    refused = failed(0, key="", outcome="invalid_request")

    assert len(candidate(refused, refused, row(1, key="")).lost) == 2


def test_a_call_of_an_earlier_start_is_past() -> None:
    calls = candidate(failed(0), row(0, session=2), start=2)

    assert (calls.answered, len(calls.lost)) == (1, 0)


def test_asking_for_the_list_of_models_is_not_asking_the_model() -> None:
    assert candidate(row(operation="models"), failed(1, operation="models")) == Calls()


def test_a_call_under_an_unknown_name_may_be_any_data_set_s() -> None:
    account = read_account([row(0), failed(1, dataset="v2"), failed(2, dataset="gsm8k")], 1)

    assert len(account.of("candidate", "arc", ("arc", "gsm8k")).lost) == 1
    assert len(account.of("candidate", "gsm8k", ("arc", "gsm8k")).lost) == 2


def test_what_a_lost_call_makes_of_its_sample_depends_on_why() -> None:
    calls = candidate(failed(0), failed(1, outcome="invalid_request"), failed(2, outcome="budget_spent"))

    assert calls.fates() == Counter({SampleState.INFRA_ERROR: 1, SampleState.MODEL_ERROR: 1, SampleState.SKIPPED: 1})


def test_several_lost_calls_of_one_named_sample_are_one_sample() -> None:
    assert candidate(failed(0, sample="a"), failed(1, sample="a"), failed(2)).fates().total() == 2


def test_a_sample_s_time_runs_from_its_first_question_to_its_last_answer() -> None:
    rows = [row(0, sample="a", at=100.0, latency_ms=2000), row(1, sample="a", at=101.0, latency_ms=4000)]

    asked = read_account(rows, 1).asked["arc", "a"]

    assert (asked.latency_s, asked.tokens_in, asked.tokens_out) == (5.0, 20, 10)


def test_an_answer_from_the_cache_says_nothing_of_the_model_s_time() -> None:
    asked = read_account([row(0, sample="a", cached=True)], 1).asked["arc", "a"]

    assert (asked.latency_s, asked.tokens_in) == (None, 10)


ROWS = st.builds(
    row,
    number=st.integers(0, 3),
    sample=st.sampled_from(["", "a", "b"]),
    outcome=st.sampled_from(["ok", "upstream_timeout", "client_left", "invalid_request"]),
    delivered=st.booleans(),
)


@given(st.lists(ROWS, max_size=30))
def test_a_call_is_lost_if_and_only_if_no_row_of_it_has_a_delivered_answer(rows: list[LedgerRow]) -> None:
    made = {(part.key, part.number, part.sample) for part in rows}
    good = {(part.key, part.number, part.sample) for part in rows if part.outcome == "ok" and part.delivered}

    assert candidate(*rows).lost.keys() == made - good
