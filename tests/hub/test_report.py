import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from hub.render.markdown import render_markdown
from hub.render.rows import result_rows, summary_line
from hub.report import (
    Counts,
    JobReport,
    JobState,
    Metric,
    Raw,
    Report,
    Result,
    ResultKey,
    Source,
    Stretch,
    job_state,
    run_state,
)
from hub.schema import schema_text

METRIC = Metric(
    name="accuracy",
    raw=Raw(literal="0.75", unit="fraction", maximum=1),
    value=0.75,
    stderr=0.1,
    ci95=(0.5, 0.9),
    source=Source(file="summary.json", key="a.b"),
)


def result(planned: int = 4, scored: int = 4, metrics: tuple[Metric, ...] = (METRIC,), absent: str = "") -> Result:
    key = ResultKey(benchmark="arc", scoring="choice", few_shot=2)
    return Result(
        dataset="arc", key=key, counts=Counts(planned=planned, scored=scored), metrics=metrics, absent=absent
    )


def report(*results: Result, state: JobState = JobState.SUCCEEDED, reason: str = "") -> Report:
    job = JobReport(
        id="1-m-native", model="m|x", backend="native", via="in_job", state=state, results=results, reason=reason
    )
    return Report(
        evaldock_version="0",
        run_id="r",
        task="t",
        state=run_state((state,)),
        started_at=0,
        ended_at=1,
        engine="venv",
        jobs=(job,),
    )


@pytest.mark.parametrize(
    ("results", "state"),
    [
        ((result(),), JobState.SUCCEEDED),
        ((result(), result(scored=3)), JobState.PARTIAL),
        ((result(scored=0, metrics=(), absent="x"),), JobState.FAILED),
        ((result(planned=0, scored=0),), JobState.FAILED),
        ((result(), result(scored=0, metrics=(), absent="x")), JobState.PARTIAL),
        ((), JobState.FAILED),
    ],
)
def test_a_jobs_state_follows_from_its_coverage(results: tuple[Result, ...], state: JobState) -> None:
    assert job_state(results) is state


@pytest.mark.parametrize(
    ("states", "state"),
    [
        ((JobState.SUCCEEDED, JobState.SUCCEEDED), "succeeded"),
        ((JobState.SUCCEEDED, JobState.FAILED), "partial"),
        ((JobState.FAILED, JobState.FAILED), "failed"),
        ((JobState.SUCCEEDED, JobState.CANCELLED), "cancelled"),
        ((), "failed"),
    ],
)
def test_a_runs_state_follows_from_its_jobs(states: tuple[JobState, ...], state: str) -> None:
    assert run_state(states) == state


def test_a_missing_score_shows_its_reason_never_a_zero() -> None:
    rows = list(result_rows(report(result(scored=0, metrics=(), absent="endpoint down"), state=JobState.FAILED)))

    assert [(row.score, row.how) for row in rows] == [("none", "endpoint down")]


def test_a_job_without_results_has_a_row_with_its_reason() -> None:
    rows = list(result_rows(report(state=JobState.FAILED, reason="out of memory")))

    assert [(row.score, row.how) for row in rows] == [("none", "out of memory")]


def test_percent_is_for_the_screen_only() -> None:
    row = next(iter(result_rows(report(result()))))

    assert (row.score, row.interval, row.scored, row.how) == ("75.0 %", "50.0 to 90.0", "4/4", "choice, 2-shot")


def test_the_time_of_a_resumed_run_is_that_of_its_stretches() -> None:
    worked = (Stretch(started_at=10.0, ended_at=14.0), Stretch(started_at=100.0, ended_at=107.5))
    made = report(result()).model_copy(update={"started_at": 10.0, "ended_at": 107.5, "stretches": worked})

    assert made.worked_s == 11.5
    assert " in 11.5 s of work, in 2 stretches within 1 min 38 s " in summary_line(made)
    assert made.model_copy(update={"stretches": ()}).worked_s == 97.5


def test_of_a_hundred_categories_the_screen_shows_the_first_and_how_many_more() -> None:
    metrics = tuple(METRIC.model_copy(update={"name": f"category {number}"}) for number in range(100))

    shown = list(result_rows(report(result(metrics=metrics)), most=6))

    assert [row.metric for row in shown][-2:] == ["category 5", "and 94 more"]
    assert len(shown) == 7
    assert len(list(result_rows(report(result(metrics=metrics))))) == 100
    assert len(list(result_rows(report(result(metrics=metrics[:6])), most=6))) == 6


def test_metrics_of_one_file_name_it_once() -> None:
    metrics = tuple(METRIC.model_copy(update={"name": name}) for name in ("accuracy", "f1"))

    assert "accuracy, f1 from `summary.json`" in render_markdown(report(result(metrics=metrics)))


def test_what_must_be_said_beside_a_score_stands_there_first() -> None:
    made = result(scored=3).model_copy(update={"caveat": "1 of 4 failed, counted as wrong"})

    row = next(iter(result_rows(report(made))))

    assert (row.score, row.how) == ("75.0 %", "1 of 4 failed, counted as wrong, choice, 2-shot")
    assert "1 of 4 failed, counted as wrong" in render_markdown(report(made))


def test_a_number_of_samples_that_is_not_known_is_not_shown() -> None:
    row = next(iter(result_rows(report(result(planned=0, scored=0, metrics=(), absent="never began")))))

    assert (row.scored, row.how) == ("0", "never began")


def test_markdown_cannot_be_broken_by_names() -> None:
    text = render_markdown(report(result()))

    assert r"m\|x" in text
    assert "summary.json" in text


def test_the_summary_counts_jobs() -> None:
    assert summary_line(report(result())).startswith("succeeded: 1 of 1 job succeeded in 1.0 s")


def test_a_report_fits_its_published_schema() -> None:
    schema = json.loads(schema_text("report"))

    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(report(result()).model_dump_json()))


@pytest.mark.parametrize("what", ["task", "report", "sample"])
def test_the_committed_schema_is_the_current_one(what: str) -> None:
    committed = Path(__file__).parents[2] / "docs" / "schema" / f"{what}.schema.json"

    assert committed.read_text() == schema_text(what), f"run: evaldock schema {what} > {committed}"
