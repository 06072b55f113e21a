import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from hub.adapter import Normalized
from hub.ledger import LedgerRow
from hub.overlay import Terms, lay_over
from hub.report import Sample, SampleState
from tests.fakes.ledger import cut_off, failed, row
from tests.fakes.reports import metric, result

TERMS = Terms(start=1, via="endpoint", datasets=("arc",), excludes_failures=False)


def sample(name: str = "a", **fields: Any) -> Sample:
    given = {"dataset": "arc", "state": SampleState.SCORED, "scores": {"accuracy": 1.0}}
    return Sample(id=name, **{**given, **fields})


def laid(samples: Iterable[Sample], *rows: LedgerRow) -> Iterable[Sample]:
    normalized = Normalized((result("arc", metric()),), samples)
    return lay_over(normalized, rows, TERMS).samples


def only(made: Sample, *rows: LedgerRow) -> Sample:
    (found,) = laid([made], *rows)
    return found


def test_what_the_backend_did_not_measure_the_ledger_says() -> None:
    found = only(sample(), row(sample="a"))

    assert (found.latency_s, found.tokens_in, found.tokens_out) == (0.25, 10, 5)


def test_what_the_backend_measured_stays() -> None:
    made = sample(latency_s=1.5, tokens_in=7, tokens_out=0)

    assert only(made, row(sample="a")) == made


def test_a_sample_of_another_data_set_with_the_same_id_is_another_sample() -> None:
    made = sample()

    assert only(made, row(sample="a", dataset="gsm8k"), row(1)) == made


def test_a_sample_whose_call_failed_is_not_scored() -> None:
    found = only(sample(), failed(sample="a"))

    assert (found.state, found.error, found.scores) == (SampleState.INFRA_ERROR, "answered 500", {})


def test_a_sample_that_the_budget_did_not_reach_is_skipped() -> None:
    assert only(sample(), failed(sample="a", outcome="budget_spent")).state is SampleState.SKIPPED


def test_what_the_backend_says_of_its_failure_stays() -> None:
    made = sample(state=SampleState.MODEL_ERROR, error="too long", scores={})

    assert only(made, failed(sample="a")) == made


def test_a_sample_that_was_asked_when_the_job_was_ended_says_so_in_place_of_never_tried() -> None:
    (gone,) = cut_off(0, 1, sample="a")

    found = only(sample(state=SampleState.SKIPPED, error="stopped by the user", scores={}), gone)

    assert found.state is SampleState.INFRA_ERROR
    assert found.error.startswith("stopped by the user: the client left before the answer came")


@pytest.mark.parametrize("fields", [{"attempts": 0}, {"outcome": "budget_spent"}, {"role": "judge"}])
def test_a_sample_that_was_not_sent_to_the_model_stays_one_that_was_never_tried(fields: dict[str, Any]) -> None:
    made = sample(state=SampleState.SKIPPED, error="the server is down", scores={})

    assert only(made, failed(sample="a", **fields)) == made


def test_a_sample_whose_judge_failed_keeps_the_score_and_says_so() -> None:
    found = only(sample(), row(sample="a", cached=True), failed(sample="a", role="judge"))

    assert (found.state, found.scores) == (SampleState.JUDGE_FALLBACK, {"accuracy": 1.0})


def test_a_failed_candidate_outweighs_a_failed_judge() -> None:
    rows = (failed(sample="a", role="judge"), failed(sample="a"), failed(1, sample="a", role="judge"))

    assert only(sample(), *rows).state is SampleState.INFRA_ERROR


def test_where_the_model_was_not_asked_no_sample_is_scored() -> None:
    found = only(sample())

    assert (found.state, found.error, found.scores) == (SampleState.SKIPPED, "the model was not asked", {})


def test_samples_can_be_read_as_often_as_the_backend_s() -> None:
    found = laid([sample()], row(sample="a"))

    assert list(found) == list(found)


def test_samples_are_not_gathered_in_memory() -> None:
    class Many:
        def __iter__(self) -> Iterator[Sample]:
            return (sample(str(number), prediction="x" * 10_000) for number in range(1000))

    found = laid(Many(), *(replace(row(), sample=str(number)) for number in range(1000)))
    tracemalloc.start()

    assert sum(1 for _ in found) == 1000

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20
