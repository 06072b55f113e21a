from hub.render.rows import result_rows, show_how, show_took, summary_line
from hub.report import Stretch
from tests.fakes.reports import job, metric, report, result

BEGAN = 1_760_000_000.0
RESUMED = {
    "ended_at": BEGAN + 7240.0,
    "stretches": (
        Stretch(started_at=BEGAN, ended_at=BEGAN + 30),
        Stretch(started_at=BEGAN + 7200, ended_at=BEGAN + 7240),
    ),
}


def test_a_run_of_one_start_took_the_time_from_its_start_to_its_end() -> None:
    at_work = (Stretch(started_at=BEGAN, ended_at=BEGAN + 83),)

    assert show_took(report(job(1), stretches=at_work)) == "1 min 23 s"


def test_the_time_of_a_resumed_run_is_that_of_its_work_and_the_pauses_are_told_apart() -> None:
    told = "1 min 10 s of work, in 2 stretches within 2 h 00 min"

    assert show_took(report(job(1), **RESUMED)) == told
    assert f"succeeded in {told}" in summary_line(report(job(1), **RESUMED))


def test_a_report_of_a_version_that_knew_no_stretches_has_the_time_that_it_had() -> None:
    assert show_took(report(job(1))) == "1 min 23 s"


def test_examples_that_nobody_has_counted_are_not_none() -> None:
    assert "0-shot" in show_how(result(few_shot=0))
    assert "shots unknown" in show_how(result(few_shot=None))


def test_where_a_few_metrics_are_shown_how_they_were_had_is_said_once_a_result() -> None:
    metrics = [metric(name=name) for name in ("a", "b", "c")]
    whole = report(job(1, result("first", *metrics), result("second", *metrics)))

    few = [row.how for row in result_rows(whole, most=2)]
    every = [row.how for row in result_rows(whole)]

    said = "generate, 0-shot"
    assert few == [said, "", "in report.md and report.html"] * 2
    assert every == [said] * 6
