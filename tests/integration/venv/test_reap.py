"""Reaping: jobs of dead hubs are ended and cleared away, those of living hubs are left alone."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from hub.engine.venv.process import is_alive
from hub.engine.venv.records import folder_of
from hub.engine.venv.tree import root_of
from hub.job import Ending

_SLEEP = ("python", "-c", "import time; time.sleep(600)")


def test_a_job_whose_hub_is_dead_is_ended(bench: Any) -> None:
    handle = bench.start(*_SLEEP)

    lines = bench.engine.reap()

    assert lines == (f"ended job '1-m-echo' (process {handle.id}), whose hub is gone",)
    assert not is_alive(int(handle.id), handle.mark)
    assert not root_of(bench.folder()).exists()
    assert bench.engine.wait(handle, 0).ending is Ending.STOPPED


def test_a_job_whose_folder_is_gone_is_ended_all_the_same(bench: Any) -> None:
    handle = bench.start(*_SLEEP)
    shutil.rmtree(bench.folder())

    lines = bench.engine.reap()

    assert lines == (f"ended job '1-m-echo' (process {handle.id}), whose hub is gone",)
    assert not is_alive(int(handle.id), handle.mark)


def test_a_job_whose_hub_lives_is_left_alone(bench: Any) -> None:
    handle = bench.start(*_SLEEP)
    with (bench.folder().parent.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        assert bench.engine.reap() == ()

    assert is_alive(int(handle.id), handle.mark)


def test_what_a_lost_job_left_is_removed(bench: Any) -> None:
    handle = bench.start(*_SLEEP)
    os.kill(int(handle.id), signal.SIGKILL)
    _gone(bench, handle)

    lines = bench.engine.reap()

    assert lines == ("removed what job '1-m-echo' left, whose hub is gone",)
    assert not root_of(bench.folder()).exists()
    assert list(folder_of(bench.settings.state_dir).iterdir()) == []


def test_a_full_disk_keeps_nothing_of_a_lost_job(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    handle = bench.start(*_SLEEP)
    os.kill(int(handle.id), signal.SIGKILL)
    _gone(bench, handle)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("hub.engine.venv.engine.write_outcome", full)
        (line,) = bench.engine.reap()

    assert "No space left" in line
    assert not root_of(bench.folder()).exists()
    assert list(folder_of(bench.settings.state_dir).iterdir()) == []


def test_a_process_that_took_over_the_id_is_not_touched(bench: Any) -> None:
    handle = bench.start(*_SLEEP)
    [record] = folder_of(bench.settings.state_dir).iterdir()
    record.write_text(record.read_text().replace(f'"mark": "{handle.mark}"', '"mark": "1"'))

    bench.engine.reap()

    assert is_alive(int(handle.id), handle.mark)


def test_jobs_of_another_boot_or_host_are_not_ended(bench: Any) -> None:
    handle = bench.start(*_SLEEP)
    [record] = folder_of(bench.settings.state_dir).iterdir()
    elsewhere = record.read_text().replace('"host": "', '"host": "other-')
    record.write_text(elsewhere)

    assert bench.engine.reap() == ()
    assert is_alive(int(handle.id), handle.mark)


def test_records_that_cannot_be_read_are_left(bench: Any) -> None:
    folder = folder_of(bench.settings.state_dir)
    folder.mkdir(parents=True)
    Path(folder / "1-2.json").write_text("{}")

    assert bench.engine.reap() == ()


def test_a_job_that_is_over_leaves_no_record(bench: Any) -> None:
    bench.python("pass")

    assert list(folder_of(bench.settings.state_dir).iterdir()) == []


def _gone(bench: Any, handle: Any) -> None:
    from hub.engine.venv.process import wait_gone

    assert wait_gone(int(handle.id), handle.mark, 30)
