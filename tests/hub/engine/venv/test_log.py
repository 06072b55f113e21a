"""A log takes what fits, says where it was cut, and keeps the end."""

from __future__ import annotations

import os
from pathlib import Path

from hub.engine.venv.log import BoundedLog

_CUT = "\n[evaldock: the log is longer than 10 B; its end follows when the job has ended]\n"
_END = "\n[evaldock: the end]\n"


def test_what_fits_is_kept_the_cut_is_told_once_and_the_end_follows(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "log.txt", 10, 5)

    for data in (b"12345", b"67890ab", b"cd", b"ef"):
        log.feed(data)
    log.close()

    assert (tmp_path / "log.txt").read_text() == f"1234567890{_CUT}{_END}bcdef"


def test_exactly_the_limit_is_not_cut(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "log.txt", 10)

    log.feed(b"1234567890")
    log.close()

    assert (tmp_path / "log.txt").read_text() == "1234567890"


def test_an_earlier_attempt_counts(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("12345678")
    log = BoundedLog(tmp_path / "log.txt", 10)

    log.feed(b"abcd")
    log.close()

    assert (tmp_path / "log.txt").read_text() == f"12345678ab{_CUT}{_END}cd"


def test_what_is_printed_beyond_the_limit_is_still_seen_in_the_files_time(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "log.txt", 10)
    log.feed(b"1234567890, cut")
    os.utime(tmp_path / "log.txt", (1, 1))

    log.feed(b"more")

    assert (tmp_path / "log.txt").stat().st_mtime > 1
    log.close()
