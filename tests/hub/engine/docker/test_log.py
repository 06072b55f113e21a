"""The bounded log: its beginning, its end, and an honest line between them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from hub.engine.docker.log import append_tail, write_bounded


def test_what_fits_is_untouched(tmp_path: Path) -> None:
    write_bounded(tmp_path / "log", [b"abc", b"def"], limit=7)

    assert (tmp_path / "log").read_bytes() == b"abcdef"


def test_what_does_not_fit_is_cut_and_says_so(tmp_path: Path) -> None:
    write_bounded(tmp_path / "log", [b"abc", b"def"], limit=5)

    text = (tmp_path / "log").read_text()
    assert text == "abcde\n[evaldock: the log is longer than 5 B; its end follows when the job has ended]\n"


def test_a_cut_log_gets_its_end(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("begin")

    append_tail(tmp_path / "log", b"x" * (1 << 20) + b"\nlast line\n")

    text = (tmp_path / "log").read_text()
    assert text.startswith("begin\n[evaldock: the end]\nxxx")
    assert text.endswith("x\nlast line\n")
    assert len(text) < 300_000


def test_what_is_printed_beyond_the_limit_is_still_seen_in_the_files_time(tmp_path: Path) -> None:
    path = tmp_path / "log"

    def chunks() -> Iterator[bytes]:
        yield b"abcdef"
        os.utime(path, (1, 1))
        yield b"more"

    write_bounded(path, chunks(), limit=5)

    assert path.stat().st_mtime > 1
