import io
import json
from pathlib import Path
from typing import get_args

import pytest
from rich.console import Console

from hub.render.terminal import print_report
from hub.report import EndState, JobState, Stretch
from hub.reporting import remove_report, write_report
from hub.runs import FINAL, open_run, read_report
from tests.fakes.reports import job, metric, result, sample, write_samples
from tests.hub.test_runs import make

ENDS = [JobState(state) for state in get_args(EndState)]
WHILE = (Stretch(started_at=1.0, ended_at=9.0),)


def test_a_run_and_a_job_end_in_the_same_words() -> None:
    assert {state.value for state in ENDS} == FINAL


@pytest.mark.parametrize("state", ENDS, ids=lambda state: state.value)
def test_a_state_is_the_same_word_wherever_it_is_read(state: JobState, tmp_path: Path) -> None:
    run = make(tmp_path)
    made = job(1).model_copy(update={"state": state, "reason": "" if state is JobState.SUCCEEDED else "why"})

    report = write_report(run, (made,), state.value, warnings=(), stretches=WHILE)

    console = Console(width=160, record=True, file=io.StringIO())
    print_report(report, console)
    word = state.value
    assert open_run(run.path).record.state == word
    assert json.loads((run.path / "report.json").read_text())["jobs"][0]["state"] == word
    assert f"<title>t: {word} - evaldock</title>" in (run.path / "report.html").read_text()
    assert f'<span class="chip state-{word}">{word}</span>' in (run.path / "report.html").read_text()
    assert f"\n{word}: " in (run.path / "report.md").read_text()
    assert f"\n{word}: " in console.export_text()


def test_a_report_that_is_removed_leaves_none_of_its_forms(tmp_path: Path) -> None:
    run = make(tmp_path)
    write_report(run, (job(1),), "failed", warnings=(), stretches=WHILE)
    assert read_report(run).state == "failed"

    remove_report(run)

    assert not list(run.path.glob("report.*"))


def test_what_two_backends_disagree_on_is_in_every_form_of_the_report(tmp_path: Path) -> None:
    run = make(tmp_path)
    jobs = (
        job(1, result("arc", metric(0.5))),
        job(2, result("ARC_c", metric(0.25), benchmark="arc", few_shot=5), backend="opencompass"),
    )
    for made, right in zip(jobs, ("++--", "+---"), strict=True):
        name = made.results[0].dataset
        lines = [sample(at, dataset=name, scores={"accuracy": float(sign == "+")}) for at, sign in enumerate(right)]
        write_samples(run.path, made.id, lines)

    report = write_report(run, jobs, "succeeded", warnings=(), stretches=WHILE)

    console = Console(width=160, record=True, file=io.StringIO())
    print_report(report, console)
    (line,) = (run.path / "disagreements.jsonl").read_text().splitlines()
    assert json.loads(line)["question"] == "Question 1: which letter follows A?"
    assert read_report(run).agreements[0].only_first == 1
    page = (run.path / "report.html").read_text()
    for text in (console.export_text(), (run.path / "report.md").read_text(), page):
        assert "Right by native alone: 1, by opencompass alone: 0" in " ".join(text.split())
    assert 'href="#sample=1-m-native%3A2"' in page
    assert "| shots | 0 | 5 |" in (run.path / "report.md").read_text()
