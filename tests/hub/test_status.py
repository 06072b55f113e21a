import json
from pathlib import Path

import pytest

from hub.cli.following import follow_run
from hub.observer import JobChanged, Progressed, RunEnded, to_plain
from hub.report import JobState
from hub.runs import JobRecord, RunFolder, RunRecord, create_run
from tests.hub.test_cli import code_of

NAME = "20260101T000000Z-t-aaaa1111"
JOB = "1-m-echo"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run that nobody drives, half through its only data set."""
    monkeypatch.setenv("EVALDOCK_RUNS", str(tmp_path))
    jobs = (JobRecord(id=JOB, model="m", backend="echo", state=JobState.RUNNING),)
    record = RunRecord(
        evaldock_version="0", run_id=NAME, task="t", task_file="t.yaml", folder="/t", created_at=1.0, jobs=jobs
    )
    with create_run(tmp_path, record, task_text="", plan_text="{}") as made:
        made.update(state="running")
    made.log_event(to_plain(Progressed(JOB, "echo", 0, 80, 0)))
    made.log_event(to_plain(Progressed(JOB, "echo", 40, 80, 2)))
    return made


def shown(capsys: pytest.CaptureFixture[str], *flags: str) -> list[str]:
    assert code_of("status", *flags) == 0
    return capsys.readouterr().out.splitlines()


def test_a_run_that_nobody_drives_says_how_far_it_came_and_how_it_goes_on(
    run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = shown(capsys)

    assert "interrupted" in lines[0]
    assert lines[2].split() == ["echo", "40/80", "2", "errors"]
    assert f"`evaldock stop {NAME}` removes what its jobs left" in lines[3]
    assert lines[4] == f"go on   evaldock resume {NAME}"


def test_a_live_run_has_no_way_on_but_its_own(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    with run.lock():
        lines = shown(capsys)

    assert "running" in lines[0]
    assert not any("resume" in line for line in lines)


def test_json_has_progress_too(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads("\n".join(shown(capsys, "--json")))

    assert (found["state"], found["resumable"]) == ("interrupted", True)
    (pace,) = found["progress"]
    assert (pace["job"], pace["dataset"], pace["done"], pace["total"], pace["errors"]) == (JOB, "echo", 40, 80, 2)


def test_a_job_that_has_ended_needs_no_progress(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    run.update_job(JOB, state=JobState.SUCCEEDED)
    run.update(state="succeeded")

    assert [line.split()[:2] for line in shown(capsys)] == [[NAME, "succeeded"], [JOB, "succeeded"]]


@pytest.mark.parametrize(
    ("state", "code"), [("succeeded", 0), ("partial", 1), ("failed", 1), ("cancelled", 130), ("running", 1)]
)
def test_following_a_run_that_has_ended_is_its_exit_code(state: str, code: int, run: RunFolder) -> None:
    run.update(state=state)

    assert code_of("status", "--follow") == code


def test_following_shows_where_it_stands_and_what_comes(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    pauses = iter(["first", "last"])

    def meanwhile() -> None:
        if next(pauses) == "first":
            run.log_event(to_plain(JobChanged(JOB, JobState.NORMALIZING)))
        else:
            run.log_event(to_plain(RunEnded("partial")))
            run.update(state="partial")
            lock.__exit__(None, None, None)

    lock = run.lock()
    lock.__enter__()
    ended = follow_run(run, pause=meanwhile)

    assert ended.record.state == "partial"
    assert capsys.readouterr().err.splitlines() == [f"run {NAME}: 1 job", f"{JOB}: normalizing"]


def test_a_run_that_cannot_be_followed_as_json_says_what_can(
    run: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of("status", "--follow", "--json") == 2

    assert "events.jsonl" in capsys.readouterr().err


def test_a_list_with_interrupted_runs_says_how_they_go_on(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("list", "runs") == 0

    printed = capsys.readouterr()
    assert "interrupted" in printed.out
    assert "`evaldock resume RUN`" in printed.err
