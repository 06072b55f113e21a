import json
from pathlib import Path
from typing import Any

from hub.accounting import gather_ledger
from hub.ledger import FILE, RUNNER_FILE, LedgerRow, read_rows, write_ledger

JOB = "1-m-echo"


def row(session: int, sample: str, **more: Any) -> LedgerRow:
    return LedgerRow(session, 1.0, "candidate", "echo", "chat/completions", "ok", sample=sample, **more)


def runner_line(sample: str) -> str:
    facts = {"at": 1.0, "role": "candidate", "dataset": "echo", "operation": "completions", "outcome": "ok"}
    return json.dumps({**facts, "sample": sample}) + "\n"


def test_a_job_gets_its_own_calls_of_all_starts_in_order(tmp_path: Path) -> None:
    state, folder = tmp_path / "state.sqlite", tmp_path / "job"
    folder.mkdir()
    write_ledger(state, JOB, [row(1, "a"), row(2, "a"), row(2, "b")])

    rows = gather_ledger(folder, JOB, state, 2)

    assert rows == tuple(read_rows(folder / FILE)) == (row(1, "a"), row(2, "a"), row(2, "b"))
    assert gather_ledger(tmp_path, "2-other", state, 1) == ()


def test_rows_of_a_runner_bear_the_start_that_wrote_them_and_outlast_it(tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.mkdir()
    for session, sample in ((1, "a"), (2, "b")):
        (output / RUNNER_FILE).write_text(runner_line(sample))
        gather_ledger(tmp_path, JOB, tmp_path / "absent.sqlite", session)

    assert [(found.session, found.sample) for found in read_rows(tmp_path / FILE)] == [(1, "a"), (2, "b")]


def test_exporting_twice_changes_nothing(tmp_path: Path) -> None:
    state = tmp_path / "state.sqlite"
    write_ledger(state, JOB, [row(1, "a")])

    assert gather_ledger(tmp_path, JOB, state, 1) == gather_ledger(tmp_path, JOB, state, 1)


def test_what_another_machine_wrote_down_stays(tmp_path: Path) -> None:
    there, here = tmp_path / "there.sqlite", tmp_path / "here.sqlite"
    write_ledger(there, JOB, [row(1, "a")])
    gather_ledger(tmp_path, JOB, there, 1)
    write_ledger(here, JOB, [row(2, "a")])

    assert [found.session for found in gather_ledger(tmp_path, JOB, here, 2)] == [1, 2]


def test_a_job_without_calls_has_no_ledger(tmp_path: Path) -> None:
    gather_ledger(tmp_path, JOB, tmp_path / "absent.sqlite", 1)

    assert not (tmp_path / FILE).exists()
