import os
import signal
from pathlib import Path

import pytest

from hub.errors import ImageError
from hub.job import Ending, Job
from hub.runs import RunFolder, list_runs
from tests.fakes.engine import FakeEngine
from tests.hub.test_adversity import quick_echo, task
from tests.hub.test_cli import _handlers, code_of, use

__all__ = ["_handlers", "task"]


def fails(job: Job, output: Path) -> Ending:
    quick_echo(job, output)
    return Ending.FAILED


def interrupts(_job: Job, _output: Path) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture
def partial(
    task: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> RunFolder:
    """A run whose only job crashed after it had scored everything."""
    monkeypatch.setenv("EVALDOCK_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("EVALDOCK_STATE", str(tmp_path / "state"))
    use(monkeypatch, FakeEngine(fails))
    assert code_of("run", str(task)) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("go on   evaldock resume 2")
    (run,) = list_runs(tmp_path / "runs")
    return run


def test_a_run_that_goes_on_to_its_end_is_exit_0_and_prints_its_report(
    partial: RunFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, FakeEngine(quick_echo))

    assert code_of("resume") == 0

    printed = capsys.readouterr()
    assert f"run {partial.record.run_id} goes on: 0 of 1 job kept" in printed.err
    assert "100.0 %" in printed.out
    assert "resume" not in printed.out


def test_a_run_that_succeeded_is_exit_0_and_says_so(
    partial: RunFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, FakeEngine(quick_echo))
    code_of("resume", "--quiet")
    capsys.readouterr()

    assert code_of("resume") == 0

    assert capsys.readouterr().out == f"{partial.record.run_id} has succeeded: there is nothing to resume\n"


def test_what_is_not_whole_this_time_either_is_exit_1(partial: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeEngine(fails))

    assert code_of("resume") == 1


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--set", "seed=7"), "seed: 42 -> 7"),
        (("--set", "sed=7"), "did you mean 'seed'?"),
        (("absent",), "no run 'absent'"),
    ],
)
def test_what_it_cannot_go_on_with_is_exit_2(
    flags: tuple[str, ...], words: str, partial: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code_of("resume", *flags) == 2

    assert words in capsys.readouterr().err


def test_a_live_run_is_exit_2(partial: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    with partial.lock():
        assert code_of("resume") == 2

    assert f"driven by process {os.getpid()}" in capsys.readouterr().err


def test_by_force_what_changed_runs_anew(partial: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeEngine(quick_echo))

    assert code_of("resume", "--set", "seed=7", "--force") == 0


def test_what_is_missing_now_is_exit_3(partial: RunFolder, task: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (task.parent / "model" / "model.safetensors").unlink()

    assert code_of("resume") == 3

    assert "has no weights" in capsys.readouterr().err


def test_an_image_that_cannot_be_built_again_is_exit_4(partial: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeEngine(quick_echo, fail_prepare=ImageError("step 3 failed")))

    assert code_of("resume") == 4


def test_an_interrupt_is_exit_130_and_the_run_can_still_go_on(
    partial: RunFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, FakeEngine(interrupts))

    assert code_of("resume") == 130

    assert capsys.readouterr().out.splitlines()[-1] == f"go on   evaldock resume {partial.record.run_id}"


def test_an_interrupt_before_anything_was_done_is_exit_130_too(
    partial: RunFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, FakeEngine(quick_echo, fail_prepare=KeyboardInterrupt()))  # type: ignore[arg-type]

    assert code_of("resume") == 130

    assert "the run is as it was" in capsys.readouterr().err
