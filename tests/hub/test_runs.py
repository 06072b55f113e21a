import fcntl
import os
from pathlib import Path

import pytest

from hub.errors import EvaldockError, PrerequisiteError, RunError, RunNotFoundError
from hub.report import JobState
from hub.runs import (
    JobRecord,
    RunFolder,
    RunRecord,
    create_run,
    find_run,
    is_live,
    list_runs,
    new_run_id,
    open_run,
    read_report,
    shown_state,
)

NAME = "20260101T000000Z-t-aaaa1111"


def record_of(name: str = NAME, at: float = 1.0) -> RunRecord:
    return RunRecord(
        evaldock_version="0",
        run_id=name,
        task="t",
        task_file="t.yaml",
        created_at=at,
        jobs=(JobRecord(id="1-m-echo", model="m", backend="echo"),),
    )


def make(runs: Path, name: str = NAME, at: float = 1.0) -> RunFolder:
    """Make a run and let go of it."""
    with create_run(runs, record_of(name, at), task_text="version: 1\n", plan_text="{}\n") as run:
        return run


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    run = make(tmp_path)
    run.update_job("1-m-echo", state=JobState.RUNNING, reason="why")

    assert open_run(run.path).record == run.record
    assert open_run(run.path).record.jobs[0].state is JobState.RUNNING


def test_keys_of_another_version_are_ignored(tmp_path: Path) -> None:
    run = make(tmp_path)
    text = (run.path / "run.json").read_text()
    (run.path / "run.json").write_text(text.replace('{\n  "schema', '{\n  "new_key": 1,\n  "schema', 1))

    assert open_run(run.path).record == run.record


def test_a_run_without_its_hub_is_interrupted_not_running(tmp_path: Path) -> None:
    run = make(tmp_path)
    run.update(state="running")

    assert shown_state(run) == "interrupted"
    with run.lock():
        assert is_live(run)
        assert shown_state(run) == "running"


def test_two_hubs_cannot_drive_one_run(tmp_path: Path) -> None:
    run = make(tmp_path)

    with (
        run.lock(),
        pytest.raises(EvaldockError, match=f"driven by process {os.getpid()}"),
        open_run(run.path).lock(),
    ):
        pass


def test_runs_are_found_by_beginning_end_folder_and_latest(tmp_path: Path) -> None:
    first, second = make(tmp_path), make(tmp_path, "20260102T000000Z-t-bbbb2222", at=2.0)

    assert find_run(tmp_path, "20260101").path == first.path
    assert find_run(tmp_path, "bbbb2222").path == second.path
    assert find_run(tmp_path, "latest").path == second.path
    assert find_run(tmp_path, str(first.path)).path == first.path
    assert [run.path for run in list_runs(tmp_path)] == [first.path, second.path]


def test_an_ambiguous_or_unknown_name_says_so(tmp_path: Path) -> None:
    make(tmp_path)
    make(tmp_path, "20260102T000000Z-t-bbbb2222")

    with pytest.raises(RunNotFoundError, match="fits 2 runs"):
        find_run(tmp_path, "2026")
    with pytest.raises(RunNotFoundError, match="no run 'zzz'"):
        find_run(tmp_path, "zzz")
    with pytest.raises(RunNotFoundError, match="there are no runs"):
        find_run(tmp_path / "empty", "latest")


def test_a_broken_run_json_does_not_hide_the_others(tmp_path: Path) -> None:
    good, bad = make(tmp_path), make(tmp_path, "20260102T000000Z-t-bbbb2222")
    (bad.path / "run.json").write_text("{half")

    assert [run.path for run in list_runs(tmp_path)] == [good.path]
    with pytest.raises(RunError, match="cannot be read"):
        find_run(tmp_path, "bbbb2222")


def test_a_missing_report_says_how_the_run_stands(tmp_path: Path) -> None:
    run = make(tmp_path)

    with pytest.raises(RunError, match="has no report: it is interrupted"):
        read_report(run)


def test_a_runs_folder_that_cannot_be_made_is_a_prerequisite(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(PrerequisiteError, match="cannot write the run folder"):
        make(tmp_path / "file")


def test_run_ids_sort_by_time_and_differ_within_a_second() -> None:
    first, second = new_run_id("t", "text", 1_700_000_000.1), new_run_id("t", "text", 1_700_000_000.2)

    assert first.startswith("20231114T221320Z-t-")
    assert first != second


def test_a_run_is_locked_from_the_moment_it_can_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    rename = Path.rename

    def look(path: Path, target: Path) -> Path:
        with (path / ".lock").open("rb") as file, pytest.raises(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        seen.append((path / "run.json").is_file() and not target.exists())
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", look)
    with create_run(tmp_path, record_of(), task_text="", plan_text="") as run:
        assert is_live(run)
        assert shown_state(open_run(run.path)) == "preparing"

    assert seen == [True]
    assert not is_live(run)
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_what_a_killed_hub_left_half_made_is_no_run(tmp_path: Path) -> None:
    make(tmp_path).path.rename(tmp_path / f".{NAME}.tmp")

    assert list_runs(tmp_path) == ()
    for name in ("latest", NAME, "aaaa1111.tmp"):
        with pytest.raises(RunNotFoundError, match="no run"):
            find_run(tmp_path, name)


def test_a_run_that_cannot_be_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hub.runs.write_atomic", full)

    with pytest.raises(PrerequisiteError, match="No space left"):
        make(tmp_path)
    assert list(tmp_path.iterdir()) == []
