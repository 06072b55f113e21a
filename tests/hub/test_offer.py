import json
import os
import signal
from pathlib import Path

import pytest

from hub.job import Ending, Job
from hub.runs import open_run
from tests.fakes.engine import FakeEngine
from tests.hub.test_adversity import quick_echo, task
from tests.hub.test_cli import _handlers, code_of, use
from tests.hub.test_consent import at_a_terminal

__all__ = ["_handlers", "task"]


@pytest.fixture
def begun(task: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A task with a run that was interrupted."""

    def work(_job: Job, _output: Path) -> Ending | None:
        os.kill(os.getpid(), signal.SIGINT)
        return None

    monkeypatch.setenv("EVALDOCK_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("EVALDOCK_STATE", str(tmp_path / "state"))
    use(monkeypatch, FakeEngine(work))
    assert code_of("run", str(task)) == 130
    assert capsys.readouterr().out.splitlines()[-1] == f"go on   evaldock resume {runs(tmp_path)[0].name}"
    use(monkeypatch, FakeEngine(quick_echo))
    return task


def runs(folder: Path) -> list[Path]:
    return sorted((folder / "runs").iterdir())


def starts(run: Path) -> int:
    found: int = json.loads((run / "run.json").read_text())["jobs"][0]["starts"]
    return found


def test_without_a_terminal_a_new_run_begins_and_the_way_to_the_old_one_is_said(
    begun: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (old,) = runs(tmp_path)

    assert code_of("run", str(begun)) == 0

    note = next(line for line in capsys.readouterr().err.splitlines() if line.startswith("note: "))
    assert note.startswith(f"note: run {old.name} of this task is cancelled (0 of 1 job done, 0 answers kept)")
    assert f"`evaldock resume {old.name}`" in note
    assert len(runs(tmp_path)) == 2


@pytest.mark.parametrize(("answer", "left"), [(True, 1), (False, 2)])
def test_at_a_terminal_the_user_decides(
    answer: bool, left: int, begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_a_terminal(monkeypatch, answer)

    assert code_of("run", str(begun)) == 0

    assert len(runs(tmp_path)) == left
    assert starts(runs(tmp_path)[0]) == (2 if answer else 1)


def test_quiet_asks_nothing(begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch, answer=True)

    assert code_of("run", str(begun), "--quiet") == 0

    assert len(runs(tmp_path)) == 2


def test_flags_decide_beforehand(begun: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of("run", str(begun), "--new", "--resume") == 2
    assert code_of("run", str(begun), "--resume") == 0
    assert len(runs(tmp_path)) == 1
    assert code_of("run", str(begun), "--resume") == 0  # it has succeeded: there is nothing to go on with
    assert code_of("run", str(begun), "--new") == 0

    assert len(runs(tmp_path)) == 3
    assert "note: " not in capsys.readouterr().err


def test_to_go_on_with_a_run_that_is_live_is_refused_as_resume_does(
    begun: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (live,) = runs(tmp_path)

    with open_run(live).lock():
        assert code_of("run", str(begun), "--resume") == 2

    assert f"run {live.name!r} is driven by process {os.getpid()}" in capsys.readouterr().err
    assert runs(tmp_path) == [live]


def test_a_run_beside_a_live_one_of_the_same_task_says_so(
    begun: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (live,) = runs(tmp_path)

    with open_run(live).lock():
        assert code_of("run", str(begun), "--quiet") == 0

    note = next(line for line in capsys.readouterr().err.splitlines() if line.startswith("note: "))
    assert note.startswith(f"note: run {live.name} of this task is live (process {os.getpid()} drives it)")
    assert "`evaldock status --follow` shows it" in note
    assert len(runs(tmp_path)) == 2


@pytest.mark.parametrize(("answer", "code", "left"), [(True, 0, 2), (False, 130, 1)])
def test_at_a_terminal_a_run_beside_a_live_one_is_asked_for(
    answer: bool, code: int, left: int, begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_a_terminal(monkeypatch, answer)

    with open_run(runs(tmp_path)[0]).lock():
        assert code_of("run", str(begun)) == code

    assert len(runs(tmp_path)) == left


def test_new_says_nothing_of_a_live_run(begun: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_run(runs(tmp_path)[0]).lock():
        assert code_of("run", str(begun), "--new") == 0

    assert "note: " not in capsys.readouterr().err
