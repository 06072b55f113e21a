"""A disk that fills, a folder that vanishes, a clock that jumps: one clear message, and nothing looks finished."""

import errno
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hub import files
from hub.job import Ending, Job
from hub.report import Report
from hub.runs import is_live, list_runs, open_run, read_report, shown_state
from tests.fakes.engine import FakeEngine
from tests.hub.test_cli import code_of, use

DAY_S = 86400.0
_BLOCK = 4096


def quick_echo(_job: Job, output: Path) -> Ending:
    """Write what the echo runner writes, without starting it."""
    write_echo(output, "echo")
    return Ending.SUCCEEDED


def write_echo(output: Path, label: str) -> None:
    """Write what the echo runner writes of one data set."""
    folder = output / label
    folder.mkdir(parents=True)
    rows = [{"id": str(n), "dataset": label, "state": "scored", "prediction": "word"} for n in range(3)]
    (folder / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "summary.json").write_text(json.dumps({"accuracy": 1.0}))


@pytest.fixture
def task(tmp_path: Path) -> Path:
    folder = tmp_path / "tasks"
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "config.json").write_text("{}")
    (folder / "model" / "model.safetensors").write_text("weights")
    path = folder / "t.yaml"
    path.write_text(
        "version: 1\nname: t\nmodels: {m: {checkpoint: ./model}}\nevaluations: [{backend: echo, datasets: [echo]}]\n"
    )
    return path


@pytest.fixture
def small_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of 1 MiB of our own, where we may mount one; the check before a run finds room enough on it."""
    monkeypatch.setattr("hub.orchestrator.check_space", lambda _needs: ())
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("may not mount a disk")
    yield disk
    while disk.is_mount():
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def make_read_only(disk: Path) -> None:
    """Lay a read-only view over the disk: what is open goes on, as after an error of the disk."""
    subprocess.run(["mount", "--bind", str(disk), str(disk)], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", str(disk)], check=True)


def told_once(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what was said, in which exactly one line begins evaldock's message."""
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert err.count("evaldock: ") == 1, err
    return err


def assert_unfinished(runs: Path) -> None:
    """Check that no run in `runs` can be taken for one that has ended well."""
    for folder in runs.glob("[!.]*"):
        assert not (folder / "report.json").exists()
        run = open_run(folder)
        assert not is_live(run)
        assert shown_state(run) in {"failed", "interrupted"}


def assert_finished(runs: Path) -> None:
    (run,) = list_runs(runs)
    assert (run.record.state, read_report(run).state) == ("succeeded", "succeeded")


def test_a_disk_that_fills_at_any_write_leaves_no_run_that_looks_finished(
    task: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, FakeEngine(quick_echo))
    real, left = os.fsync, 0

    def fsync(handle: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    monkeypatch.setattr(files.os, "fsync", fsync)
    codes = []
    for writes in range(40):
        left, runs = writes, tmp_path / f"runs{writes}"
        codes.append(code_of("run", str(task), "--runs", str(runs), "--quiet"))
        if codes[-1] == 0:
            break
        assert "No space left on device" in told_once(capsys)
        if not list(runs.glob("*/report.json")):
            assert_unfinished(runs)
        else:  # only the page is missing, and the message says where the report is
            assert_finished(runs)

    assert codes == sorted(codes, reverse=True)
    assert set(codes) == {3, 1, 0}


def test_a_disk_that_is_full_is_said_and_never_scored(
    task: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, FakeEngine(quick_echo))
    codes = set()
    for blocks in range(0, 80, 3):
        stuffing = small_disk / "stuffing"
        space = os.statvfs(small_disk)
        stuffing.write_bytes(b"x" * ((space.f_bavail - blocks) * _BLOCK))
        runs = small_disk / f"runs{blocks}"
        code = code_of("run", str(task), "--runs", str(runs), "--quiet")
        codes.add(code)
        if code == 0:
            break
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        assert "No space left on device" in told.out + told.err
        stuffing.unlink()
        if not list(runs.glob("*/report.json")):
            assert_unfinished(runs)
        else:
            (run,) = list_runs(runs)
            assert read_report(run).state == run.record.state
        shutil.rmtree(runs, ignore_errors=True)

    assert codes == {3, 1, 0}


def test_runs_on_a_read_only_disk_are_exit_3(
    task: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, FakeEngine(quick_echo))
    make_read_only(small_disk)

    assert code_of("run", str(task), "--runs", str(small_disk / "runs"), "--quiet") == 3

    told = told_once(capsys)
    assert "cannot write the run folder" in told
    assert "--runs" in told


def test_a_run_folder_that_turns_read_only_ends_the_run(
    task: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(job: Job, output: Path) -> Ending:
        quick_echo(job, output)
        make_read_only(small_disk)
        return Ending.SUCCEEDED

    use(monkeypatch, FakeEngine(work))

    assert code_of("run", str(task), "--runs", str(small_disk), "--quiet") == 1

    assert "Read-only file system" in told_once(capsys)
    assert_unfinished(small_disk)


@pytest.mark.parametrize("ending", [Ending.SUCCEEDED, None])
def test_a_run_folder_removed_under_the_run_ends_it_and_stops_the_job(
    ending: Ending | None,
    task: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    calls = 0

    def work(_job: Job, output: Path) -> Ending | None:
        nonlocal calls
        calls += 1
        shutil.rmtree(output.parents[2], ignore_errors=True)
        return ending if calls == 1 else Ending.SUCCEEDED

    use(monkeypatch, FakeEngine(work))

    assert code_of("run", str(task), "--runs", str(tmp_path / "runs"), "--quiet") == 1

    told = told_once(capsys)
    assert "No such file or directory" in told
    assert "was removed" in told
    assert list((tmp_path / "runs").iterdir()) == []


def jumping_clock(monkeypatch: pytest.MonkeyPatch, by_s: float) -> Callable[[], None]:
    """Let the wall's clock jump when the returned function is called; the machine's own goes on."""
    real, offset = time.time, 0.0
    monkeypatch.setattr(time, "time", lambda: real() + offset)

    def jump() -> None:
        nonlocal offset
        offset = by_s

    return jump


@pytest.mark.parametrize("by_s", [-DAY_S, DAY_S], ids=["back", "forth"])
def test_a_clock_that_jumps_neither_ends_a_job_nor_makes_time(
    by_s: float, task: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    task.write_text(task.read_text() + "resources: {timeout: 1h}\n")
    jump, calls = jumping_clock(monkeypatch, by_s), 0

    def work(job: Job, output: Path) -> Ending | None:
        nonlocal calls
        calls += 1
        jump()
        return quick_echo(job, output) if calls == 3 else None

    engine = FakeEngine(work)
    use(monkeypatch, engine)

    assert code_of("run", str(task), "--runs", str(tmp_path / "runs"), "--quiet") == 0

    (run,) = list_runs(tmp_path / "runs")
    report = read_report(run)
    assert engine.stopped == []
    assert 0 <= report.ended_at - report.started_at < 60
    assert 0 <= took(report) < 60
    assert run.record.ended_at == report.ended_at
    assert " min" not in capsys.readouterr().out


def took(report: Report) -> float:
    (job,) = report.jobs
    assert job.started_at is not None
    assert job.ended_at is not None
    return job.ended_at - job.started_at


@pytest.mark.parametrize("name", ["a b", "模 型", "co:lon,comma", "per%s {x} $HOME", 'it\'s "so"', "new\nline"])
def test_folders_may_be_called_anything(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], task: Path
) -> None:
    home = tmp_path / name
    task.parent.rename(home)
    engine = FakeEngine(quick_echo)
    use(monkeypatch, engine)

    assert code_of("run", str(home / "t.yaml"), "--runs", str(home / "runs"), "--quiet") == 0

    (mount,) = engine.submitted[0].mounts
    assert mount.source == home / "model"
    assert_finished(home / "runs")
    assert code_of("status", "--runs", str(home / "runs")) == 0
    assert "succeeded" in capsys.readouterr().out


def test_a_cache_in_whose_path_no_environment_can_live_is_exit_3_before_anything_is_made(
    task: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EVALDOCK_CACHE", str(tmp_path / "ca:che"))
    monkeypatch.setenv("EVALDOCK_STATE", str(tmp_path / "state"))

    assert code_of("run", str(task), "--engine", "venv", "--runs", str(tmp_path / "runs"), "--quiet") == 3

    assert "set EVALDOCK_CACHE to a folder without it" in told_once(capsys)
    assert not (tmp_path / "runs").exists()
