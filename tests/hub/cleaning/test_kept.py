"""Answers that are kept: whose they are, what they save, and that nobody loses what he still needs."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from hub import answers
from hub.cleaning import find, remove
from hub.cleaning.kept import GONE, SHARED, Kept, clear, kept_answers
from hub.cleaning.live import live_runs
from hub.errors import EvaldockError
from hub.ledger import INSERT, read_rows, values
from hub.ledger import SCHEMA as LEDGER
from hub.settings import Settings
from tests.fakes.ledger import row
from tests.hub.cleaning.test_folders import clean, items, make_run

RUN = "20260101T000000Z-t-01234567"
ADD = """
INSERT INTO answers (key, number, status, headers, tokens_in, tokens_out, size, stored_at, used_at, body)
VALUES (?, 0, 200, '', 10, 5, 4000, ?, ?, ?)
"""


def keep(file: Path, count: int = 3, used_at: float | None = None) -> Path:
    """Write a file of answers of 10 tokens in, 5 out and 4 kB each, and one call in its ledger."""
    file.parent.mkdir(parents=True, exist_ok=True)
    at = time.time() if used_at is None else used_at
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in (*answers.SCHEMA, *LEDGER):
            connection.execute(statement)
        there = connection.execute("SELECT count(*) FROM answers").fetchone()[0]
        keys = (b"%d" % number for number in range(there, there + count))
        connection.executemany(ADD, [(key, at, at, b"x" * 4000) for key in keys])
        connection.execute(INSERT, values("1-m-echo", row()))
    return file


def keep_for(settings: Settings, run: str = RUN, **fields: float) -> Path:
    return keep(answers.run_file(settings.state_dir, run), **fields)  # type: ignore[arg-type]


def kept(settings: Settings) -> tuple[Kept, ...]:
    return kept_answers(settings, live_runs(settings))


def count(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT count(*) FROM answers").fetchone()[0])


def test_nothing_is_kept_where_nothing_was_asked(settings: Settings) -> None:
    assert kept(settings) == ()


def test_answers_are_told_with_their_run_and_what_a_resume_would_save(settings: Settings) -> None:
    run = make_run(settings.runs_dir, state="partial")
    keep_for(settings, used_at=100.0)

    (found,) = kept(settings)

    assert (found.run, found.state, found.task, found.folder) == (RUN, "partial", "t", run.path)
    assert (found.answers, found.tokens, found.used_at, found.saves) == (3, 45, 100.0, True)
    assert found.size >= 12_000


def test_a_run_elsewhere_is_found_by_the_link_that_it_left(settings: Settings, tmp_path: Path) -> None:
    run = make_run(tmp_path / "elsewhere", state="failed")
    answers.belong_to(settings.state_dir, RUN, run.path)
    keep_for(settings)

    assert [(found.folder, found.state) for found in kept(settings)] == [(run.path, "failed")]


def test_a_run_that_moved_to_the_folder_of_runs_is_found_there(settings: Settings, tmp_path: Path) -> None:
    run = make_run(tmp_path / "elsewhere", state="failed")
    answers.belong_to(settings.state_dir, RUN, run.path)
    settings.runs_dir.mkdir()
    run.path.rename(settings.runs_dir / RUN)
    keep_for(settings)

    assert [found.folder for found in kept(settings)] == [settings.runs_dir / RUN]


def test_another_run_in_the_place_of_a_removed_one_is_not_its_owner(settings: Settings) -> None:
    other = make_run(settings.runs_dir, "20260102T000000Z-t-01234567")
    answers.belong_to(settings.state_dir, RUN, other.path)
    keep_for(settings)

    assert [found.state for found in kept(settings)] == [GONE]


def test_answers_of_a_run_that_succeeded_save_nothing(settings: Settings) -> None:
    make_run(settings.runs_dir, state="succeeded")
    keep_for(settings)

    assert [found.saves for found in kept(settings)] == [False]


def test_the_ledger_of_a_run_without_answers_is_not_told(settings: Settings) -> None:
    make_run(settings.runs_dir)
    keep_for(settings, count=0)

    assert kept(settings) == ()


def test_a_file_that_is_no_database_is_a_leftover_without_answers(settings: Settings) -> None:
    file = answers.run_file(settings.state_dir, RUN)
    file.parent.mkdir(parents=True)
    file.write_text("not a database, but long enough to look like one" * 10)

    assert [(found.state, found.answers) for found in kept(settings)] == [(GONE, 0)]


def test_those_used_longest_ago_come_first_and_the_shared_ones_last(settings: Settings) -> None:
    keep(answers.shared_file(settings.state_dir), used_at=1.0)
    keep_for(settings, "20260103T000000Z-t-01234567", used_at=30.0)
    keep_for(settings, "20260102T000000Z-t-01234567", used_at=20.0)

    assert [found.used_at for found in kept(settings)] == [20.0, 30.0, 1.0]
    assert kept(settings)[-1].run == SHARED


def test_a_live_run_keeps_its_answers_and_the_shared_ones(settings: Settings) -> None:
    run = make_run(settings.runs_dir, state="running")
    keep_for(settings)
    keep(answers.shared_file(settings.state_dir))

    with run.lock():
        mine, shared = kept(settings)
        with pytest.raises(EvaldockError, match="it is live"):
            clear(mine, settings)

    assert mine.used_by == "it is live"
    assert RUN in shared.used_by
    assert count(mine.file) == 3


def test_clearing_frees_the_bytes_and_leaves_the_run_its_account(settings: Settings) -> None:
    make_run(settings.runs_dir, state="partial")
    file = keep_for(settings, count=100)
    (found,) = kept(settings)

    freed = clear(found, settings)

    assert freed > 300_000
    assert kept(settings) == ()
    assert list(read_rows(file, "1-m-echo")) == [row()]


def test_of_the_shared_answers_only_old_ones_go(settings: Settings) -> None:
    file = keep(answers.shared_file(settings.state_dir), count=2, used_at=time.time() - 1000)
    keep(file, count=3)
    (found,) = kept(settings)

    clear(found, settings, unused_for_s=500)

    assert count(file) == 3


def test_the_answers_of_a_run_that_is_gone_go_with_all_that_is_beside_them(settings: Settings) -> None:
    file = keep_for(settings)
    answers.belong_to(settings.state_dir, RUN, settings.runs_dir / RUN)
    file.with_name(f"{file.name}-wal").touch()
    (found,) = kept(settings)

    clear(found, settings)

    assert list(file.parent.iterdir()) == []


def test_a_file_that_cannot_be_written_says_so(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(settings.runs_dir, state="partial")
    file = keep_for(settings)
    monkeypatch.setattr("hub.cleaning.kept._WAIT_S", 0.01)
    (found,) = kept(settings)

    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(EvaldockError, match="cannot be written"):
            clear(found, settings)

    assert count(file) == 3


def test_removing_a_run_removes_its_answers_and_counts_their_bytes(settings: Settings) -> None:
    make_run(settings.runs_dir)
    bare = items(settings, "run")[0].size
    file = keep_for(settings, count=100)
    answers.belong_to(settings.state_dir, RUN, settings.runs_dir / RUN)

    with_answers = items(settings, "run")[0].size
    reasons = clean(settings, "run")

    assert with_answers - bare >= 400_000
    assert reasons == [""]
    assert list(file.parent.iterdir()) == []


def test_answers_of_a_run_whose_folder_is_gone_are_leftovers(settings: Settings) -> None:
    make_run(settings.runs_dir)
    mine = keep_for(settings)
    lost = keep_for(settings, "20260102T000000Z-lost-01234567")
    shared = keep(answers.shared_file(settings.state_dir))

    found = find(["answers"], settings)
    reasons = [reason for _, reason in remove(found.items, settings)]

    assert [item.name for item in found.items] == ["answers of 20260102T000000Z-lost-01234567, whose folder is gone"]
    assert reasons == [""]
    assert [file.is_file() for file in (mine, lost, shared)] == [True, False, True]
