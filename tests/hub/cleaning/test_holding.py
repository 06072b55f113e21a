"""What a file of answers holds, and that what is told to become free becomes free, to the byte."""

import re
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from hub import answers
from hub.cleaning.holding import _SUMS, Holding, holding
from hub.cleaning.kept import clear
from hub.ledger import BY_KEY, INSERT, values
from hub.settings import Settings
from tests.fakes.ledger import row
from tests.hub.cleaning.test_folders import make_run
from tests.hub.cleaning.test_kept import RUN, keep, keep_for, kept


def with_calls(file: Path, count: int) -> Path:
    """Add calls to a run's account, as a gateway that was resumed does: with a log, and found by their keys."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(BY_KEY)
        calls = (row(key=f"{number * 7919 % 10007:064x}", sample=str(number)) for number in range(count))
        connection.executemany(INSERT, (values("1-m-echo", call) for call in calls))
    return file


def killed(file: Path) -> Path:
    """Leave a file as a killed gateway does: what it wrote last is in the log beside it."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("SELECT count(*) FROM answers").fetchone()
        keep(file, 100)
        parts = tuple(file.with_name(f"{file.name}{suffix}") for suffix in ("", "-wal", "-shm"))
        for part in parts:
            shutil.copy(part, part.with_name(f"{part.name}.copy"))
    for part in parts:
        part.with_name(f"{part.name}.copy").rename(part)
    return file


@pytest.mark.parametrize("calls", [0, 1, 1000])
@pytest.mark.parametrize("count", [3, 100])
def test_what_is_told_to_become_free_becomes_free(count: int, calls: int, settings: Settings) -> None:
    make_run(settings.runs_dir, state="partial")
    file = with_calls(keep_for(settings, count=count), calls)
    (found,) = kept(settings)
    before = answers.size_of(file)

    freed = clear(found, settings)

    assert freed == found.size == before - answers.size_of(file) > 0


def test_the_log_that_a_killed_gateway_left_is_told_and_freed(settings: Settings) -> None:
    make_run(settings.runs_dir, state="partial")
    file = killed(keep_for(settings))
    assert file.with_name(f"{file.name}-wal").stat().st_size > 400_000
    (found,) = kept(settings)

    freed = clear(found, settings)

    assert (found.answers, found.run) == (103, RUN)
    assert freed == found.size > 400_000


def test_a_look_leaves_nothing_beside_the_file(settings: Settings) -> None:
    file = with_calls(keep_for(settings), 10)
    before = (answers.size_of(file), sorted(file.parent.iterdir()))

    holding(file)
    answers.count(file)

    assert (answers.size_of(file), sorted(file.parent.iterdir())) == before


def test_the_same_is_told_each_time(settings: Settings) -> None:
    file = with_calls(keep_for(settings), 10)

    assert holding(file) == holding(file)


def test_of_a_part_its_own_bytes_are_told(tmp_path: Path) -> None:
    file = keep(tmp_path / "shared.sqlite", 2, used_at=100.0)
    keep(file, 3)

    assert holding(file, until=200.0) == Holding(answers=2, used_at=100.0, tokens=30, size=8000)
    assert holding(file, until=50.0) == Holding()


def test_an_answer_of_the_future_is_one_of_all(tmp_path: Path) -> None:
    file = keep(tmp_path / "shared.sqlite", used_at=time.time() + 1000)

    assert holding(file).answers == 3


def test_nothing_is_told_from_the_rows_between_the_bodies(tmp_path: Path) -> None:
    with closing(sqlite3.connect("file:", uri=True)) as connection:
        connection.execute("ATTACH ? AS kept", (str(keep(tmp_path / "a.sqlite")),))
        ((*_, plan),) = connection.execute(f"EXPLAIN QUERY PLAN {_SUMS}", (1.0,))

    assert plan.endswith("answers USING COVERING INDEX sqlite_autoindex_answers_1 (used_at<?)")


def test_a_file_of_a_version_that_had_no_such_index_is_told_too(settings: Settings, tmp_path: Path) -> None:
    make_run(settings.runs_dir, state="partial")
    old = keep_for(settings)
    with closing(sqlite3.connect(tmp_path / "old.sqlite")) as connection, connection:
        table, by_key = answers.SCHEMA
        connection.execute(re.sub(r", UNIQUE \(used_at.*?\)", "", table))
        connection.execute(by_key)
        assert len(connection.execute("PRAGMA index_list(answers)").fetchall()) == 1
        connection.execute("ATTACH ? AS new", (str(old),))
        connection.execute("INSERT INTO main.answers SELECT * FROM new.answers")
    (tmp_path / "old.sqlite").replace(old)
    (found,) = kept(settings)

    freed = clear(found, settings)

    assert (found.answers, freed) == (3, found.size)


def test_what_is_no_file_of_answers_holds_nothing_and_none_is_made(tmp_path: Path) -> None:
    (tmp_path / "b.sqlite").write_text("not a database, but long enough to look like one" * 10)

    assert holding(tmp_path / "a b%3f.sqlite") == Holding()
    assert holding(tmp_path / "b.sqlite") == Holding()
    assert [path.name for path in tmp_path.iterdir()] == ["b.sqlite"]
