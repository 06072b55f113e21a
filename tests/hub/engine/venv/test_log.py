"""A log takes what fits and says where it was cut."""

from __future__ import annotations

from pathlib import Path

from hub.engine.venv.log import BoundedLog

_CUT = "\n[evaldock: log cut at 10 bytes, the rest was discarded]\n"


def test_what_fits_is_kept_and_the_cut_is_told_once(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "log.txt", 10)

    for data in (b"12345", b"67890ab", b"cd", b"ef"):
        log.feed(data)
    log.close()

    assert (tmp_path / "log.txt").read_text() == f"1234567890{_CUT}"


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

    assert (tmp_path / "log.txt").read_text() == f"12345678ab{_CUT}"
