"""What a runner writes is what the hub's ledger reads."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from adapters.runtime.ledger import FILE, Call, Ledger
from hub.ledger import COLUMNS, RUNNER_FILE, LedgerRow, read_runner_rows

CALL = Call(
    at=1.5,
    role="candidate",
    dataset="arc",
    operation="likelihood",
    sample="main/1",
    key="0a",
    latency_ms=12.5,
    tokens_in=3,
    cached=True,
)


def test_a_row_has_the_columns_of_the_ledger_but_the_hub_s_own() -> None:
    assert set(Call._fields) == set(COLUMNS) - {"session"}
    assert FILE == RUNNER_FILE


def test_the_hub_reads_what_was_written(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.add(CALL)

    (row,) = read_runner_rows(tmp_path, session=2)

    assert dataclasses.asdict(row) == {**CALL._asdict(), "session": 2}
    assert isinstance(row, LedgerRow)


def test_a_row_is_there_as_soon_as_it_was_added(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.add(CALL)

        assert len(list(read_runner_rows(tmp_path, session=1))) == 1


def test_what_is_there_already_stays(tmp_path: Path) -> None:
    for _ in range(2):
        with Ledger(tmp_path) as ledger:
            ledger.add(CALL)

    assert len(list(read_runner_rows(tmp_path, session=1))) == 2
