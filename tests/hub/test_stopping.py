"""A run's hub as another process that holds its lock: stopped, killed where it must be, never mistaken."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub import stopping
from hub.errors import EvaldockError, PrerequisiteError
from hub.runs import RunFolder
from hub.settings import Settings
from hub.stopping import Stopped, stop
from tests.hub.cleaning.test_folders import make_run
from tests.hub.test_cli import code_of

ROOT = Path(__file__).resolve().parents[2]
DRIVE = """
import signal, sys, time
from pathlib import Path
from hub.runs import open_run
run = open_run(Path(sys.argv[1]))
def end(*_):
    run.update(state="cancelled")
    sys.exit(130)
{how}
with run.lock():
    print("driving", flush=True)
    time.sleep(60)
"""
ENDS = "signal.signal(signal.SIGTERM, end)"
ENDS_ON_CTRL_C_ALONE = "signal.signal(signal.SIGINT, end)"
HANGS = "signal.signal(signal.SIGTERM, lambda *_: None)"


@pytest.fixture
def run(settings: Settings) -> RunFolder:
    return make_run(settings.runs_dir, state="running", ended_at=None, engine="venv")


@contextmanager
def driven(run: RunFolder, how: str = ENDS) -> Iterator[int]:
    argv = [sys.executable, "-c", DRIVE.format(how=how), str(run.path)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "driving\n"
        try:
            yield process.pid
        finally:
            process.kill()


def say_nothing(_line: str) -> None:
    """Swallow what is told."""


@pytest.mark.parametrize("how", [ENDS, ENDS_ON_CTRL_C_ALONE])
def test_a_live_run_ends_in_good_order(run: RunFolder, settings: Settings, how: str) -> None:
    with driven(run, how):
        assert stop(run, settings, tell=say_nothing) == Stopped("cancelled", was_live=True)


def test_a_hub_that_does_not_end_is_said_and_only_force_kills_it(run: RunFolder, settings: Settings) -> None:
    with driven(run, HANGS):
        with pytest.raises(EvaldockError, match="was told to end"):
            stop(run, settings, patience_s=0.3, tell=say_nothing)
        ended = stop(run, settings, force=True, patience_s=0.3, tell=say_nothing)

    assert (ended.state, ended.killed) == ("interrupted", True)


def test_a_run_that_has_ended_is_left_as_it_is(settings: Settings) -> None:
    done = make_run(settings.runs_dir, engine="venv")

    assert stop(done, settings, tell=say_nothing) == Stopped("succeeded", was_live=False)


def test_what_a_dead_hub_left_is_reaped(run: RunFolder, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    class Engine:
        def reap(self) -> tuple[str, ...]:
            return ("ended job '1-m-echo'",)

    monkeypatch.setattr(stopping, "make_engine", lambda *_args: Engine())
    (run.path / ".lock").write_text("999999999")

    ended = stop(run, settings, tell=say_nothing)

    assert ended == Stopped("interrupted", was_live=False, reaped=("ended job '1-m-echo'",))


def test_a_process_that_only_bears_the_number_in_the_lock_is_never_signalled(
    run: RunFolder, settings: Settings
) -> None:
    with subprocess.Popen(["sleep", "60"]) as innocent, driven(run):
        (run.path / ".lock").write_text(str(innocent.pid))

        with pytest.raises(PrerequisiteError, match="not one of this machine"):
            stop(run, settings, tell=say_nothing)

        assert innocent.poll() is None
        innocent.kill()


@pytest.mark.parametrize("written", ["", "no number", "999999999", "-1"])
def test_a_lock_that_names_nobody_here_is_said(run: RunFolder, settings: Settings, written: str) -> None:
    with driven(run):
        (run.path / ".lock").write_text(written)

        with pytest.raises(PrerequisiteError, match="where it was started"):
            stop(run, settings, tell=say_nothing)


def test_the_command_tells_the_state_and_whether_it_had_ended(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EVALDOCK_RUNS", str(run.path.parent))
    with driven(run):
        first = code_of("stop", run.path.name)
    second = code_of("stop")

    out = capsys.readouterr().out.splitlines()
    assert (first, second) == (0, 1)
    assert out == [f"{run.path.name} has ended: cancelled", f"{run.path.name} had already ended: cancelled"]


def test_an_unknown_run_is_exit_2(run: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALDOCK_RUNS", str(run.path.parent))

    assert code_of("stop", "nothing") == 2
