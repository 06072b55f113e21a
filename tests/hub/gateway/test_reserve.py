"""Room on the disk that is kept until it is needed."""

import sqlite3
from pathlib import Path

import pytest

from hub.gateway import reserve as module
from hub.gateway.reserve import RESERVE_BYTES, Reserve, hold, shortage

FULL = sqlite3.OperationalError("database or disk is full")
BROKEN = sqlite3.OperationalError("disk I/O error")


def taken(folder):
    """Return the bytes that this process's files without a name take in a folder."""
    found = [path for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return sum(path.stat().st_blocks * 512 for path in found if f"{folder}/" in str(path.readlink()))


def test_it_takes_its_room_at_once_and_no_name_is_left_if_its_process_dies(tmp_path):
    reserve = Reserve()

    reserve.take(tmp_path)

    assert taken(tmp_path) >= RESERVE_BYTES
    assert list(tmp_path.iterdir()) == []
    reserve.give_back()


def test_the_room_is_there_for_others_once_it_is_given_back(tmp_path):
    reserve = Reserve()
    reserve.take(tmp_path)

    reserve.give_back()
    reserve.give_back()

    assert taken(tmp_path) == 0


def test_a_disk_without_so_much_room_is_an_error(tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "posix_fallocate", full)

    with pytest.raises(OSError, match="No space left"):
        Reserve().take(tmp_path)
    assert taken(tmp_path) == 0


def test_a_file_system_that_cannot_keep_room_goes_without(tmp_path, monkeypatch):
    def unsupported(*_args):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(module.os, "posix_fallocate", unsupported)

    with (tmp_path / "a").open("wb") as file:
        hold(file.fileno())


@pytest.mark.parametrize(("error", "free"), [(FULL, 1 << 30), (BROKEN, 4096), (BROKEN, 0)])
def test_a_full_disk_is_told_from_what_sqlite_says_and_from_what_is_free(tmp_path, error, free):
    said = shortage(tmp_path / "answers" / "run.sqlite", error, free)

    assert said.startswith(f"the disk is full: nothing more can be kept in {tmp_path / 'answers'}; make room there")


def test_another_error_is_told_as_it_is(tmp_path):
    assert shortage(tmp_path / "run.sqlite", BROKEN, 1 << 30) == f"{tmp_path / 'run.sqlite'}: disk I/O error"
