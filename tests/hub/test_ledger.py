import json
from pathlib import Path
from typing import Any

import pytest

from hub.ledger import RUNNER_FILE, LedgerRow, read_rows, read_runner_rows, to_plain, write_ledger
from tests.fakes.ledger import failed, row


def write_lines(folder: Path, *lines: str) -> None:
    (folder / RUNNER_FILE).write_text("".join(line + "\n" for line in lines))


def line(**fields: Any) -> str:
    return json.dumps({**to_plain(row(dataset="gsm8k")), **fields})


def read(folder: Path, session: int = 1) -> list[LedgerRow]:
    return list(read_runner_rows(folder, session))


def test_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    rows = [row(0, sample="a", ttft_ms=12.5), failed(1, delivered=False), row(2, cached=True, attempts=0)]

    write_ledger(tmp_path / "ledger.sqlite", "1-m-echo", rows)

    assert list(read_rows(tmp_path / "ledger.sqlite", "1-m-echo")) == rows
    assert list(read_rows(tmp_path / "ledger.sqlite", "another")) == []


def test_a_ledger_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert list(read_rows(tmp_path / "ledger.sqlite")) == []
    assert read(tmp_path) == []


def test_a_runner_s_rows_are_of_the_start_that_read_them(tmp_path: Path) -> None:
    write_lines(tmp_path, line(session=9))

    assert read(tmp_path, session=2) == [row(dataset="gsm8k", session=2)]


def test_what_a_runner_may_leave_out_has_a_default(tmp_path: Path) -> None:
    least = {"at": 1.0, "role": "candidate", "dataset": "arc", "operation": "completions", "outcome": "ok"}
    write_lines(tmp_path, json.dumps(least))

    assert [found.tokens_in for found in read(tmp_path)] == [None]


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        "[]",
        "null",
        '"text"',
        "[" * 100_000,
        "{}",
        line(outcome="fine"),
        line(tokens_in="many"),
        line(tokens_in=-1),
        line(tokens_in=1 << 70),
        line(latency_ms=float("nan")),
        line(latency_ms=float("inf")),
        line(latency_ms=None),
        line(at=[]),
        line(role=None),
        line(sample=7),
    ],
)
def test_a_line_that_is_no_row_is_passed_over(tmp_path: Path, bad: str) -> None:
    write_lines(tmp_path, bad, line())

    assert read(tmp_path) == [row(dataset="gsm8k")]


def test_text_that_no_file_can_hold_is_cleaned(tmp_path: Path) -> None:
    write_lines(tmp_path, line(error="a\ud800b"))

    assert [found.error for found in read(tmp_path)] == ["a?b"]


def test_a_link_that_a_job_left_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text(line() + "\n")
    (tmp_path / RUNNER_FILE).symlink_to(tmp_path / "elsewhere")

    assert read(tmp_path) == []


def test_a_ledger_that_cannot_be_written_is_an_error_of_the_machine_s_and_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "no" / "ledger.sqlite"

    with pytest.raises(OSError, match="unable to open") as caught:
        write_ledger(file, "1-m-echo", [row()])

    assert caught.value.filename == str(file)
