import pytest

from hub.render.groups import groups
from hub.render.html.overview import fates_of, overview
from hub.render.html.scores import blocks, heat_map
from hub.render.protocol import compare
from hub.report import Counts, JobState
from tests.fakes.reports import job, metric, report, result


def test_one_benchmark_of_two_backends_is_one_group() -> None:
    made = report(
        job(1, result("arc", metric())),
        job(2, result("ARC_c", metric(), benchmark="arc"), backend="opencompass"),
    )

    (group,) = groups(made)

    assert (group.title, len(group.wholes)) == ("arc", 2)


def test_two_data_sets_of_one_benchmark_in_one_job_are_two_groups() -> None:
    made = report(job(1, *(result(name, metric(), benchmark="general_qa") for name in ("mine", "yours"))))

    assert [group.title for group in groups(made)] == ["mine", "yours"]


def test_a_data_set_with_one_subset_goes_by_its_own_name() -> None:
    (group,) = groups(report(job(1, result("arc", metric(), subset="default"))))

    assert (group.title, group.parts) == ("arc", [])


def test_the_aggregate_stands_for_its_subsets() -> None:
    made = report(job(1, result("mmlu", metric(0.5)), *(result("mmlu", metric(), subset=name) for name in "ab")))

    (group,) = groups(made)

    assert [entry.result.key.subset for entry in group.wholes] == [None]
    assert [entry.name for entry in group.parts] == ["a", "b"]


def test_a_result_without_a_metric_is_a_row_with_its_reason_and_no_mark() -> None:
    (group,) = groups(report(job(1, result(absent="endpoint down")), job(2, result("arc", metric()))))

    (block,), _ = blocks(group)

    assert [(row.score, row.missing, row.mark is None) for row in block.rows] == [
        ("75.0 %", "", False),
        ("none", "endpoint down", True),
    ]


def test_a_group_without_any_metric_still_has_rows() -> None:
    (group,) = groups(report(job(1, result(absent="endpoint down"))))

    (block,), _ = blocks(group)

    assert [(block.metric, row.score) for row in block.rows] == [("", "none")]


def test_a_score_without_a_maximum_keeps_the_sources_literal_and_has_no_mark() -> None:
    (group,) = groups(report(job(1, result("arc", metric(None)))))

    ((block,), _) = blocks(group)

    assert [(row.score, row.interval, row.mark) for row in block.rows] == [("7.5", "it has no maximum", None)]


def test_further_metrics_are_apart_from_the_leading_one() -> None:
    (group,) = groups(report(job(1, result("arc", metric(0.5, "f1"), metric(0.6, "bleu")))))

    leading, others = blocks(group)

    assert ([block.metric for block in leading], [block.metric for block in others]) == (["f1"], ["bleu"])


def test_a_mark_stays_on_the_axis() -> None:
    wide = metric(1.0, ci95=(0.9, 1.2))
    (group,) = groups(report(job(1, result("arc", wide))))

    ((block,), _) = blocks(group)

    assert block.rows[0].mark is not None
    assert (block.rows[0].mark.at, block.rows[0].mark.high) == ("100.00%", "100.00%")


def test_a_heat_map_has_a_cell_with_a_reason_where_a_number_is_missing() -> None:
    first = job(1, result("mmlu", metric(0.3), subset="a"), result("mmlu", metric(0.9), subset="b"))
    second = job(2, result("mmlu", absent="timed out", subset="a"), result("mmlu", metric(), subset="c"), model="n")

    (group,) = groups(report(first, second))
    made = heat_map(group)

    assert made is not None
    rows = {name: [(cell.text, cell.level, cell.note) for cell in cells] for name, cells in made.rows}
    assert rows["a"] == [("30.0 %", 3, "4 of 4 scored"), ("none", None, "timed out")]
    assert rows["c"][0] == ("none", None, "not part of this job")


def test_what_must_be_said_beside_a_score_is_said_wherever_the_page_has_it() -> None:
    told = "1 of 4 failed, counted as wrong"
    parts = [
        part.model_copy(update={"caveat": told})
        for part in (
            result("mmlu", metric()),
            result("mmlu", metric(), subset="a"),
            result("mmlu", metric(), subset="b"),
        )
    ]
    made = report(job(1, *parts))

    (group,) = groups(made)
    ((block,), _) = blocks(group)
    cells = heat_map(group)

    assert block.rows[0].how.startswith(told)
    assert cells is not None
    assert cells.rows[0][1][0].note == f"4 of 4 scored; {told}"
    assert [problem.text for problem in overview(made, set()).problems] == [f"the score has failures in it: {told}"]


def test_without_subsets_there_is_no_heat_map() -> None:
    (group,) = groups(report(job(1, result("arc", metric(), subset="default"))))

    assert heat_map(group) is None


def test_fields_that_differ_are_named_with_their_values() -> None:
    made = report(
        job(1, result("arc", metric(), few_shot=5, limit=10, generation={"temperature": 0})),
        job(2, result("arc", metric(), few_shot=0, generation={"temperature": 0.7}), model="n"),
    )

    comparison = compare(groups(made)[0])

    assert comparison is not None
    assert {difference.field: difference.values for difference in comparison.differences} == {
        "shots": ["5", "0"],
        "rows per subset": ["10", "all"],
        "generation: temperature": ["0", "0.7"],
    }
    assert not comparison.comparable


def test_the_model_may_differ() -> None:
    made = report(
        job(1, result("arc", metric(), model="x")), job(2, result("arc", metric(0.5), model="y"), model="n")
    )

    comparison = compare(groups(made)[0])

    assert comparison is not None
    assert (comparison.differences, comparison.comparable) == ([], True)


def test_another_seed_is_shown_but_forbids_nothing() -> None:
    made = report(job(1, result("arc", metric(), seed=1)), job(2, result("arc", metric(), seed=2), model="n"))

    comparison = compare(groups(made)[0])

    assert comparison is not None
    assert (comparison.reasons, comparison.comparable) == ("seed", True)


def test_numbers_over_different_samples_are_not_comparable() -> None:
    short = result("arc", metric(), counts=Counts(planned=4, scored=3, infra_error=1))

    comparison = compare(groups(report(job(1, result("arc", metric())), job(2, short, model="n")))[0])

    assert comparison is not None
    assert [difference.field for difference in comparison.differences] == ["samples scored"]


def test_fingerprints_that_nobody_knows_are_said_to_be_unknown() -> None:
    blank = {"prompt": "", "data": ""}
    made = report(job(1, result("arc", metric(), **blank)), job(2, result("arc", metric(), **blank), model="n"))

    comparison = compare(groups(made)[0])

    assert comparison is not None
    assert comparison.unknown == ["data (fingerprint)", "prompt (fingerprint)"]


@pytest.mark.parametrize(
    ("counts", "unreached"),
    [
        (Counts(planned=10, scored=4, infra_error=1), 5),
        (Counts(planned=10, scored=10), 0),
        (Counts(planned=2, scored=3), 0),
    ],
)
def test_what_has_no_fate_was_not_reached(counts: Counts, unreached: int) -> None:
    assert fates_of(counts)["unreached"] == unreached


def test_failures_come_before_everything_mild_and_link_to_their_samples() -> None:
    mild = job(1, result("arc", metric(), counts=Counts(planned=4, scored=4, unparsed=1)))
    counts = Counts(planned=4, scored=3, infra_error=1)
    bad = job(2, result("a&b", metric(), counts=counts), model="n", state=JobState.PARTIAL, reason="a&b: 3 of 4")

    problems = overview(report(mild, bad), {("2-n-native", "a&b")}).problems

    assert [(problem.place, problem.grave) for problem in problems] == [
        ("a&b on n (native)", True),
        ("arc on m (native)", False),
    ]
    assert problems[0].link == "#job=2-n-native&data=a%26b&show=unscored"


def test_a_reason_that_is_a_sentence_and_what_follows_it_have_one_mark_between_them() -> None:
    lost = result("arc", absent="The server is down.", counts=Counts(planned=4, infra_error=4))

    (problem,) = overview(
        report(job(1, lost, state=JobState.FAILED, reason="arc: The server is down.")), set()
    ).problems

    assert problem.text == "no score: The server is down; 4 of 4 samples were not scored: 4 with a failed request"


def test_a_failure_that_no_sample_tells_of_links_to_none() -> None:
    made = report(job(1, result("arc", metric(), counts=Counts(planned=4, scored=3, infra_error=1))))

    assert [problem.link for problem in overview(made, ()).problems] == [""]


def test_a_withheld_score_says_what_the_backend_printed_and_why_it_is_not_shown() -> None:
    lost = result("arc", absent="3 of its 4 requests failed").model_copy(update={"backend_value": "61.5"})
    made = report(job(1, lost, state=JobState.PARTIAL))

    (group,) = groups(made)
    (block,), _ = blocks(group)

    assert block.rows[0].missing == "the backend printed 61.5; withheld: 3 of its 4 requests failed"
    assert overview(made, ()).problems[-1].text == f"no score: {block.rows[0].missing}"


def test_samples_that_no_judge_saw_are_told_apart_from_those_without_a_score() -> None:
    counts = Counts(planned=10, scored=7, judge_fallback=2, infra_error=1)
    made = report(job(1, result("arc", metric(), counts=counts)))

    (problem,) = overview(made, ()).problems
    assert problem.text == (
        "1 of 10 samples were not scored: 1 with a failed request; 2 of 10 samples are without the judge's verdict"
    )


def test_what_changed_requests_on_their_way_is_a_difference_of_protocol() -> None:
    changed = ({"system_prompt": "Think."}, {"reasoning": "strip"})
    made = report(job(1, result("arc", metric())), job(2, result("arc", metric(), gateway=changed), model="n"))

    comparison = compare(groups(made)[0])

    assert comparison is not None
    assert [(part.values, part.minor) for part in comparison.differences] == [
        (["nothing", 'system_prompt "Think."; reasoning "strip"'], False)
    ]


def test_a_failed_job_says_why_at_the_top() -> None:
    made = report(job(1, state=JobState.FAILED, reason="out of memory"))

    top = overview(made, ())

    assert top.problems[0].text == "failed: out of memory"
    assert top.sentence.startswith("Nothing was scored")


def test_nearly_all_is_not_all() -> None:
    counts = Counts(planned=100_000, scored=99_999, infra_error=1)
    made = report(job(1, result("arc", metric(), counts=counts), state=JobState.PARTIAL))

    assert "99.9 %" in overview(made, ()).sentence


def test_coverage_shares_fill_the_bar() -> None:
    counts = Counts(planned=8, scored=4, infra_error=2, skipped=1)
    shares = overview(report(job(1, result("arc", metric(), counts=counts))), ()).shares

    assert [(share.fate, share.samples) for share in shares] == [
        ("scored", 4), ("infra_error", 2), ("skipped", 1), ("unreached", 1),
    ]  # fmt: skip
    assert sum(float(share.width.rstrip("%")) for share in shares) == pytest.approx(100)
