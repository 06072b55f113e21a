from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.adapter import Normalized
from hub.ledger import LedgerRow
from hub.overlay import Judge, Terms, lay_over
from hub.report import Counts, Result, Sample, SampleState, job_state
from tests.fakes.ledger import calls, cut_off, failed, row
from tests.fakes.reports import metric, result

FOREIGN = Terms(start=1, via="endpoint", datasets=("arc", "gsm8k"), excludes_failures=False)
NATIVE = replace(FOREIGN, excludes_failures=True)
WHY = "so what the backend made of them cannot be trusted: answered 500"


def arc(scored: int = 100, planned: int = 100, **counts: int) -> Result:
    return result("arc", metric(0.615), counts=Counts(planned=planned, scored=scored, **counts))


def subset(name: str, scored: int = 50, **counts: int) -> Result:
    made = Counts(planned=50, scored=scored, **counts)
    return result("arc", metric(0.5), counts=made, subset=name)


def sample(name: str, part: str = "", state: SampleState = SampleState.SCORED) -> Sample:
    return Sample(id=name, dataset="arc", subset=part, state=state, scores={"accuracy": 1.0})


def laid(
    results: Iterable[Result], rows: Iterable[LedgerRow], terms: Terms = FOREIGN, samples: Iterable[Sample] = ()
) -> tuple[Result, ...]:
    return lay_over(Normalized(tuple(results), samples), iter(rows), terms).results


def one(made: Result, rows: Iterable[LedgerRow], terms: Terms = FOREIGN) -> Result:
    (found,) = laid([made], rows, terms)
    return found


def test_where_every_call_was_answered_nothing_changes() -> None:
    assert one(arc(), calls(100)) == arc()


def test_a_failed_call_takes_a_foreign_backend_s_score_and_keeps_what_it_printed() -> None:
    found = one(arc(), calls(97, 3))

    assert found.metrics == ()
    assert found.absent == f"3 of its 100 requests failed, {WHY}"
    assert found.backend_value == "0.615"


def test_the_counts_then_say_how_many_samples_had_no_answer() -> None:
    assert one(arc(), calls(97, 3)).counts == Counts(planned=100, scored=97, infra_error=3)


def test_a_job_whose_only_score_is_withheld_is_partial_not_failed() -> None:
    assert job_state((one(arc(), calls(97, 3)),)).value == "partial"


def test_a_retry_of_the_backend_that_was_answered_heals_the_failure() -> None:
    assert one(arc(), [failed(0), *calls(100)]) == arc()


def test_a_request_that_cannot_be_answered_is_the_model_s_failure_and_no_score_either() -> None:
    found = one(arc(), [*calls(99), failed(99, outcome="invalid_request", error="too long")])

    assert found.metrics == ()
    assert found.counts == Counts(planned=100, scored=99, model_error=1)


def test_what_was_refused_because_the_budget_was_spent_is_skipped() -> None:
    found = one(arc(), [*calls(60), *(failed(60 + n, outcome="budget_spent", error="spent") for n in range(40))])

    assert found.counts == Counts(planned=100, scored=60, skipped=40)
    assert found.absent.startswith("40 of its 100 requests were refused, so")


def test_failures_and_refusals_together_are_both_named() -> None:
    found = one(arc(), [*calls(98), failed(98), failed(99, outcome="budget_spent")])

    assert "2 of its 100 requests failed or were refused" in found.absent


def test_so_many_failures_as_the_task_admits_leave_the_score_shown_and_the_job_partial() -> None:
    found = one(arc(), calls(97, 3), replace(FOREIGN, max_infra_errors=3))

    assert [part.value for part in found.metrics] == [0.615]
    assert found.counts == Counts(planned=100, scored=97, infra_error=3)
    assert job_state((found,)).value == "partial"


def test_admitted_failures_are_said_beside_the_score_which_has_no_interval_then() -> None:
    found = one(arc(), calls(97, 3), replace(FOREIGN, max_infra_errors=3))

    assert found.caveat == "3 of 100 failed, counted as wrong"
    assert [(part.stderr, part.ci95) for part in found.metrics] == [(None, None)]
    assert found.metrics[0].uncertainty_absent == "3 of 100 failed, counted as wrong: not all of it is the model's"


def test_more_requests_than_samples_are_not_a_share_of_them() -> None:
    found = one(arc(2, planned=2), calls(1, 3), replace(FOREIGN, max_infra_errors=3))

    assert found.caveat == "3 requests failed, counted as wrong"


def test_admitted_failures_of_unknown_samples_are_said_beside_every_subset() -> None:
    whole, part = laid([arc(), subset("x"), subset("y")], calls(97, 3), replace(FOREIGN, max_infra_errors=3))[:2]

    assert whole.caveat == "3 of 100 failed, counted as wrong"
    assert part.caveat == "some of the 3 that failed may be among these, counted as wrong"
    assert part.metrics[0].ci95 is None


def test_a_subset_whose_samples_were_all_answered_keeps_its_interval_too() -> None:
    rows = [*calls(99), failed(99, sample="y/1")]
    samples = [sample("x/1", "x"), sample("y/1", "y")]
    terms = replace(FOREIGN, max_infra_errors=1)

    whole, x, y = laid([arc(), subset("x"), subset("y")], rows, terms, samples)

    assert (whole.caveat, x.caveat) == ("1 of 100 failed, counted as wrong", "")
    assert x == subset("x")
    assert y.caveat == "1 of 50 failed, counted as wrong"


def test_an_average_over_subsets_takes_in_the_failures_of_its_own() -> None:
    rows = [*calls(99), failed(99, sample="y/1")]
    samples = [sample("x/1", "x"), sample("y/1", "y")]
    over_y = subset("of y").model_copy(update={"averages": ("y", "z")})
    over_x = subset("of x").model_copy(update={"averages": ("x",)})

    found = laid([arc(), over_y, over_x, subset("x"), subset("y")], rows, FOREIGN, samples)

    assert [bool(part.metrics) for part in found] == [False, False, True, True, False]
    assert found[1].counts.infra_error == 1


def test_failures_that_a_backend_left_out_leave_its_interval() -> None:
    found = one(arc(97, infra_error=3), calls(97, 3), replace(NATIVE, max_infra_errors=3))

    assert (found.caveat, found.metrics[0].ci95 is None) == ("", False)


def test_failures_that_a_backend_should_have_left_out_and_did_not_are_said() -> None:
    found = one(arc(), calls(97, 3), replace(NATIVE, max_infra_errors=3))

    assert found.caveat == "3 of 100 failed, and the backend did not leave them out"


def test_one_failure_more_than_admitted_withholds_it() -> None:
    assert one(arc(), calls(96, 4), replace(FOREIGN, max_infra_errors=3)).metrics == ()


def test_failures_are_not_admitted_where_nothing_else_was_answered() -> None:
    assert one(arc(), calls(0, 2), replace(FOREIGN, max_infra_errors=3)).metrics == ()


def test_failures_that_the_backend_has_counted_itself_are_not_counted_twice() -> None:
    counts = one(arc(97, model_error=3), calls(97, 3)).counts

    assert counts == Counts(planned=100, scored=97, model_error=3)


def test_no_more_samples_are_lost_than_were_scored() -> None:
    assert one(arc(2, planned=2), calls(0, 5)).counts == Counts(planned=2, scored=0, infra_error=2)


def test_a_result_without_a_score_keeps_its_own_reason() -> None:
    found = one(result("arc", absent="it crashed", counts=Counts(planned=100, scored=50)), calls(50, 1))

    assert (found.absent, found.backend_value) == ("it crashed", None)


def test_what_the_backend_printed_is_kept_as_the_adapter_gave_it() -> None:
    assert one(arc().model_copy(update={"backend_value": "61.50"}), calls(99, 1)).backend_value == "61.50"


def test_a_data_set_is_not_touched_by_another_s_failure() -> None:
    both = [arc(), result("gsm8k", metric(0.3))]

    first, second = laid(both, [*calls(4, 2), *calls(4, dataset="gsm8k")])

    assert first.metrics == ()
    assert second == both[1]


def test_a_failure_under_a_name_that_is_no_data_set_s_takes_every_score() -> None:
    both = [arc(), result("gsm8k", metric(0.3))]

    found = laid(both, [*calls(4), *calls(4, dataset="gsm8k"), failed(9, dataset="v2")])

    assert [part.metrics for part in found] == [(), ()]


@pytest.mark.parametrize("terms", [FOREIGN, NATIVE])
@pytest.mark.parametrize("rows", [[], [row(operation="models")], [row(role="judge")], [row(session=7)]])
def test_a_score_that_was_printed_without_asking_the_model_is_withheld(terms: Terms, rows: list[LedgerRow]) -> None:
    found = one(arc(), rows, terms)

    assert (found.metrics, found.absent) == ((), "the backend printed a score without asking the model")
    assert found.counts == Counts(planned=100, scored=0, skipped=100)
    assert job_state((found,)).value == "failed"


def test_weights_loaded_in_the_job_need_no_call() -> None:
    made = arc()

    assert one(made, [], replace(FOREIGN, via="in_job")) == made


def test_a_backend_that_leaves_failures_out_and_counts_them_is_believed() -> None:
    made = arc(97, infra_error=2, model_error=1)

    assert one(made, calls(97, 3), NATIVE) == made


def test_one_that_counts_fewer_than_failed_is_not_whatever_it_promises() -> None:
    found = one(arc(99, infra_error=1), calls(97, 3), NATIVE)

    assert found.metrics == ()
    assert found.absent.startswith(
        "3 of its 100 requests failed, but the backend says that 1 sample had no answer, so"
    )
    assert found.counts == Counts(planned=100, scored=97, infra_error=3)


def test_one_that_scored_a_sample_whose_call_failed_is_not_believed_either() -> None:
    rows = [row(0, sample="a"), failed(1, sample="b")]
    samples = (sample("a", state=SampleState.INFRA_ERROR), sample("b"))

    (found,) = laid([arc(1, planned=2, infra_error=1)], rows, NATIVE, samples)

    assert found.metrics == ()


def test_what_was_asked_and_lost_when_the_job_was_ended_is_no_sample_that_was_never_tried() -> None:
    for terms in (FOREIGN, NATIVE):
        found = one(arc(52, skipped=48), [*calls(52), *cut_off(52, 4)], terms)

        assert found.counts == Counts(planned=100, scored=52, infra_error=4, skipped=44)


def test_what_waited_for_its_turn_when_the_job_was_ended_was_never_tried() -> None:
    made = arc(52, skipped=48)

    assert one(made, [*calls(52), *cut_off(52, 4, attempts=0)], NATIVE) == made


def test_of_a_call_that_was_asked_again_one_try_is_enough_to_have_been_tried() -> None:
    rows = [*calls(99), failed(99), *cut_off(99, 1, attempts=0)]

    assert one(arc(99, skipped=1), rows, NATIVE).counts == Counts(planned=100, scored=99, infra_error=1)


def test_failures_that_the_backend_counted_are_not_taken_for_what_the_end_of_its_job_cost() -> None:
    found = one(arc(50, infra_error=3, skipped=47), [*calls(50, 3), *cut_off(53, 2)], NATIVE)

    assert found.counts == Counts(planned=100, scored=50, infra_error=5, skipped=45)
    assert found.metrics != ()


def test_a_failure_that_a_foreign_backend_was_told_is_among_what_it_scored_whatever_it_skipped() -> None:
    found = one(arc(50, skipped=50), [*calls(47, 3), *cut_off(50, 2)])

    assert found.counts == Counts(planned=100, scored=47, infra_error=5, skipped=48)


def test_what_the_budget_refused_stays_skipped_where_other_calls_were_cut_off() -> None:
    refused = [failed(60 + n, outcome="budget_spent", error="spent", attempts=0) for n in range(39)]

    for terms in (FOREIGN, NATIVE):
        found = one(arc(60, skipped=40), [*calls(60), *refused, *cut_off(99, 1)], terms)

        assert found.counts == Counts(planned=100, scored=60, infra_error=1, skipped=39)


def test_each_subset_counts_what_was_cut_off_in_it() -> None:
    rows = [*(row(n, sample=f"x/{n}") for n in range(49)), *cut_off(99, 1, sample="x/99")]
    parts = [arc(49, skipped=51), subset("x", 49, skipped=1), subset("y", 0, skipped=50)]

    found = laid(parts, rows, NATIVE, (sample("x/99", "x", SampleState.SKIPPED),))

    assert [(part.counts.infra_error, part.counts.skipped) for part in found] == [(1, 50), (1, 0), (0, 50)]


def test_a_judge_that_failed_is_counted_and_takes_a_foreign_backend_s_score() -> None:
    found = one(arc(), [*calls(100), *calls(95, 5, role="judge")])

    assert found.counts == Counts(planned=100, scored=95, judge_fallback=5)
    assert (found.metrics, found.backend_value) == ((), "0.615")
    assert found.absent == f"5 of its 100 requests to the judge failed, {WHY}"
    assert job_state((found,)).value == "partial"


def test_a_judge_and_a_model_that_failed_are_both_named() -> None:
    found = one(arc(), [*calls(97, 3), *calls(20, 5, role="judge")])

    assert found.absent.startswith("3 of its 100 requests failed and 5 of its 25 requests to the judge failed, so")


def test_verdicts_that_failed_are_admitted_as_answers_are_and_together_with_them() -> None:
    rows = [*calls(98, 2), *calls(98, 2, role="judge")]

    found = one(arc(), rows, replace(FOREIGN, max_infra_errors=4))

    assert [(metric.value, metric.ci95) for metric in found.metrics] == [(0.615, None)]
    assert found.caveat == "2 of 100 failed, counted as wrong; 2 of 100 scored without the judge's verdict"
    assert one(arc(), rows, replace(FOREIGN, max_infra_errors=3)).metrics == ()


def test_a_caveat_counts_answers_and_verdicts_apart() -> None:
    rows = [*calls(97, 3), *calls(99, 1, role="judge")]

    found = one(arc(), rows, replace(FOREIGN, max_infra_errors=4))

    assert found.caveat == "3 of 100 failed, counted as wrong; 1 of 100 scored without the judge's verdict"


def test_a_backend_that_leaves_failures_out_keeps_the_score_that_a_verdict_lacks() -> None:
    found = one(arc(), [*calls(100), *calls(95, 5, role="judge")], NATIVE)

    assert found.counts == Counts(planned=100, scored=95, judge_fallback=5)
    assert found.metrics == arc().metrics


def test_a_result_says_which_judge_it_stands_on_and_what_changed_its_requests() -> None:
    judge = Judge("endpoint:http://h/v1 wise", ({"max_tokens": 9},))
    rows = [*calls(100), *calls(5, role="judge")]

    key = one(arc(), rows, replace(FOREIGN, judge=judge, gateway=({"drop": ["seed"]},))).key

    assert key.judge == "endpoint:http://h/v1 wise"
    assert key.gateway == ({"drop": ["seed"]}, {"judge": {"max_tokens": 9}})


def test_a_result_that_asked_no_judge_names_none() -> None:
    judge = Judge("endpoint:http://h/v1 wise", ({"max_tokens": 9},))

    key = one(arc(), calls(100), replace(FOREIGN, judge=judge)).key

    assert (key.judge, key.gateway) == ("", ())


def test_judge_fallbacks_that_the_backend_has_counted_itself_are_not_counted_twice() -> None:
    made = arc(95, judge_fallback=5)

    assert one(made, [*calls(100), *calls(95, 5, role="judge")]).counts == made.counts


def test_subsets_lose_their_scores_too_where_nobody_knows_whose_call_failed() -> None:
    found = laid([arc(), subset("x"), subset("y")], calls(97, 3))

    assert [part.metrics for part in found] == [(), (), ()]
    assert [part.counts.infra_error for part in found] == [3, 0, 0]


def test_a_subset_whose_samples_were_all_answered_keeps_its_score() -> None:
    rows = [row(0, sample="x/1"), failed(1, sample="y/1")]
    samples = (sample("x/1", "x"), sample("y/1", "y"))

    whole, kept, lost = laid([arc(), subset("x"), subset("y")], rows, samples=samples)

    assert (whole.metrics, lost.metrics) == ((), ())
    assert kept == subset("x")
    assert lost.counts == Counts(planned=50, scored=49, infra_error=1)


def test_one_failure_without_a_name_makes_all_subsets_doubtful() -> None:
    rows = [failed(0), failed(1, sample="y/1"), row(2)]

    found = laid([arc(), subset("x"), subset("y")], rows, samples=(sample("y/1", "y"),))

    assert [part.metrics for part in found] == [(), (), ()]


def test_samples_that_can_be_read_only_once_are_not_read_to_find_a_subset() -> None:
    samples = iter([sample("y/1", "y")])

    found = laid([arc(), subset("x"), subset("y")], [row(0), failed(1, sample="y/1")], samples=samples)

    assert [part.metrics for part in found] == [(), (), ()]
    assert len(list(samples)) == 1


def test_without_a_result_for_the_whole_each_subset_counts_what_may_be_its_own() -> None:
    found = laid([subset("x"), subset("y")], calls(97, 3), replace(FOREIGN, max_infra_errors=3))

    assert [part.counts.infra_error for part in found] == [3, 3]
    assert job_state(found).value == "partial"


def test_a_result_says_what_changed_its_requests_on_their_way() -> None:
    gateway = ({"system_prompt": "Think."}, {"reasoning": "strip"})

    found = one(arc(), calls(100), replace(FOREIGN, gateway=gateway))

    assert found.key.gateway == gateway


FATES = ("scored", "model_error", "infra_error", "judge_fallback", "skipped")
ROWS = st.builds(
    row,
    number=st.integers(0, 5),
    role=st.sampled_from(["candidate", "judge"]),
    sample=st.sampled_from(["", "a", "b"]),
    outcome=st.sampled_from(["ok", "ok", "upstream_timeout", "invalid_request", "budget_spent", "client_left"]),
    delivered=st.booleans(),
)
COUNTS = st.builds(Counts, planned=st.integers(0, 9), **{fate: st.integers(0, 9) for fate in FATES})


@given(st.lists(ROWS, max_size=12), COUNTS, st.sampled_from([FOREIGN, NATIVE]), st.integers(0, 3))
def test_no_sample_is_lost_or_won_and_there_is_a_score_or_a_reason(
    rows: list[LedgerRow], counts: Counts, terms: Terms, admitted: int
) -> None:
    made = result("arc", metric(0.615), counts=counts)

    found = one(made, rows, replace(terms, max_infra_errors=admitted))

    assert sum(getattr(found.counts, fate) for fate in FATES) == sum(getattr(counts, fate) for fate in FATES)
    assert 0 <= found.counts.scored <= counts.scored
    assert bool(found.metrics) != bool(found.absent)
    assert bool(found.caveat) == (found.metrics not in {(), made.metrics})
    assert all(part.value == 0.615 and bool(part.ci95) != bool(found.caveat) for part in found.metrics)
    assert found.metrics or found.backend_value == "0.615"


@given(st.lists(ROWS, max_size=12), COUNTS)
def test_a_foreign_score_stands_if_and_only_if_every_call_was_answered(rows: list[LedgerRow], counts: Counts) -> None:
    calls_ = {(part.role, part.key, part.sample) for part in rows}
    answered = {(part.role, part.key, part.sample) for part in rows if not part.failed}
    asked = any(role == "candidate" for role, *_ in answered)

    found = one(result("arc", metric(0.615), counts=counts), rows)

    assert bool(found.metrics) == bool(asked and calls_ == answered)
