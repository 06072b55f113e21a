"""One file, many writers, nothing lost."""

import asyncio
import sqlite3
import stat
import threading
from contextlib import closing

import pytest

from hub.gateway import database as module
from hub.gateway.database import Database
from hub.gateway.written import BooksError
from tests.hub.gateway.support import PATIENCE_S, until

SCHEMA = ("CREATE TABLE IF NOT EXISTS found (name TEXT UNIQUE, body BLOB)",)
INSERT = "INSERT OR IGNORE INTO found VALUES (?, ?)"
COUNT = "SELECT count(*) FROM found"


class Disk:
    """A disk that is full once the file has four pages, and a reserve that is so many more."""

    def __init__(self, reserve=0):
        self.database = None
        self.reserve = reserve

    def fill(self, database):
        self.database = database
        database._here.execute("PRAGMA max_page_count = 4")

    def give_back(self):
        if self.database:
            self.database._here.execute(f"PRAGMA max_page_count = {4 + self.reserve}")


def with_database(tmp_path, steps, name="a.sqlite", disk=None):
    """Run `steps(database, failures)`, close the database, and return what they returned."""

    async def run():
        failures = []
        database = Database(tmp_path / name, SCHEMA, failures.append, disk or Disk())
        try:
            return await steps(database, failures)
        finally:
            await database.aclose()

    return asyncio.run(run())


def rows(tmp_path, name="a.sqlite"):
    """Return what another connection, as another process has, sees."""
    connection = sqlite3.connect(tmp_path / name)
    found = [name for (name,) in connection.execute("SELECT name FROM found ORDER BY rowid")]
    connection.close()
    return found


def test_what_was_committed_is_seen_by_others_at_once(tmp_path):
    async def steps(database, _failures):
        changed = await database.write_now(INSERT, ("a", b""), 0).committed()
        return changed, rows(tmp_path)

    assert with_database(tmp_path, steps) == (1, ["a"])


def test_a_statement_that_nobody_waits_for_is_committed_with_the_iteration(tmp_path):
    async def steps(database, _failures):
        written = database.write(INSERT, ("a", b""))
        before = rows(tmp_path), written.durable
        await asyncio.sleep(0)
        return before, (rows(tmp_path), written.durable)

    assert with_database(tmp_path, steps) == (([], False), (["a"], True))


def test_those_who_write_at_the_same_time_share_a_commit(tmp_path):
    async def steps(database, _failures):
        async def write(number):
            return await database.write_now(INSERT, (str(number), b""), 0).committed()

        await asyncio.gather(*(write(number) for number in range(50)))
        return database._commits

    assert with_database(tmp_path, steps) == 2  # the first one at once, those that came meanwhile together
    assert len(rows(tmp_path)) == 50


def test_how_many_rows_a_statement_changed_is_told_to_each(tmp_path):
    async def steps(database, _failures):
        written = [database.write(INSERT, (name, b"")) for name in ("a", "a", "b")]
        return [await each.committed() for each in written]

    assert with_database(tmp_path, steps) == [1, 0, 1]


def test_a_large_statement_is_written_beside_the_loop_and_others_do_not_wait_for_it(tmp_path):
    async def steps(database, _failures):
        other = sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")  # so long it is not written, however slow we are
        large = database.write_now(INSERT, ("large", bytes(8 << 20)), 8 << 20)
        for _ in range(3):
            await asyncio.sleep(0)
        waits = not large.durable
        other.execute("COMMIT")
        other.close()
        await large.committed()
        return waits, await database.write_now(INSERT, ("small", b""), 0).committed()

    assert with_database(tmp_path, steps) == (True, 1)
    assert rows(tmp_path) == ["large", "small"]


def test_another_process_that_writes_is_waited_for_beside_the_loop(tmp_path):
    async def steps(database, _failures):
        other = sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        written = database.write_now(INSERT, ("mine", b""), 0)
        for _ in range(3):  # the loop goes on
            await asyncio.sleep(0)
        waits = not written.durable
        other.execute(INSERT, ("theirs", b""))
        other.execute("COMMIT")
        other.close()
        return waits, await written.committed()

    assert with_database(tmp_path, steps) == (True, 1)
    assert rows(tmp_path) == ["theirs", "mine"]


def test_a_full_disk_is_told_to_whoever_waits_and_to_the_gateway(tmp_path):
    async def steps(database, failures):
        database._here.execute("PRAGMA max_page_count = 4")
        with pytest.raises(BooksError, match="full"):
            await database.write_now(INSERT, ("a", bytes(64 << 10)), 0).committed()
        return failures

    (failure,) = with_database(tmp_path, steps)
    assert "full" in failure
    assert rows(tmp_path) == []


def test_what_has_happened_is_written_into_the_reserve_of_a_full_disk_and_the_gateway_is_told(tmp_path):
    disk = Disk(reserve=20)

    async def steps(database, failures):
        disk.fill(database)
        notes = [database.write(INSERT, (str(number), bytes(8 << 10))) for number in range(4)]
        changed = [await note.committed() for note in notes]
        return changed, len(failures), database.unwritten

    assert with_database(tmp_path, steps, disk=disk) == ([1, 1, 1, 1], 1, [])
    assert rows(tmp_path) == ["0", "1", "2", "3"]


def test_the_reserve_is_not_for_what_somebody_waits_for_nor_is_anything_kept_after_it_is_gone(tmp_path):
    disk = Disk(reserve=20)

    async def steps(database, _failures):
        disk.fill(database)
        note = database.write(INSERT, ("note", b""))
        asked = database.write_now(INSERT, ("asked", bytes(20 << 10)), 20 << 10)
        for written in (asked, database.write_now(INSERT, ("later", b""), 0)):
            with pytest.raises(BooksError, match="full"):
                await written.committed()
        return await note.committed(), await database.write(INSERT, ("last", b"")).committed()

    assert with_database(tmp_path, steps, disk=disk) == (1, 1)
    assert rows(tmp_path) == ["note", "last"]


def test_what_has_happened_and_finds_no_room_even_there_is_named(tmp_path):
    disk = Disk(reserve=2)

    async def steps(database, failures):
        disk.fill(database)
        with pytest.raises(BooksError):
            await database.write(INSERT, ("large", bytes(64 << 10))).committed()
        with pytest.raises(BooksError):
            await database.write(INSERT, ("another", bytes(64 << 10))).committed()
        return database.unwritten

    assert with_database(tmp_path, steps, disk=disk) == [INSERT, INSERT]


def test_a_full_disk_is_told_by_its_folder_with_what_to_do(tmp_path):
    disk = Disk()

    async def steps(database, failures):
        disk.fill(database)
        with pytest.raises(BooksError):
            await database.write_now(INSERT, ("a", bytes(64 << 10)), 0).committed()
        return failures

    (failure,) = with_database(tmp_path, steps, disk=disk)
    assert failure.startswith(f"the disk is full: nothing more can be kept in {tmp_path}")
    assert "make room there" in failure
    assert "EVALDOCK_STATE" in failure


def test_what_fails_leaves_nothing_of_its_commit(tmp_path):
    async def steps(database, _failures):
        fine = database.write(INSERT, ("a", b""))
        wrong = database.write("INSERT INTO nowhere VALUES (1)", ())
        for written in (fine, wrong):
            with pytest.raises(BooksError):
                await written.committed()

    with_database(tmp_path, steps)
    assert rows(tmp_path) == []


def test_the_log_is_copied_and_begun_anew_so_that_it_stays_small_though_others_write_meanwhile(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_LOG_BYTES", 200 << 10)
    begun, written, copy = threading.Event(), threading.Event(), module.sqlitefile.copy

    def copy_what_was_there_before(connection, how, wait_s):
        """Copy; beside it, where that is allowed, one more is written, which it does not reach."""
        if how != "PASSIVE":
            copy(connection, how, wait_s)
            return
        with closing(sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            reader.execute(COUNT).fetchone()
            begun.set()
            written.wait(PATIENCE_S)
            copy(connection, how, wait_s)

    monkeypatch.setattr(module.sqlitefile, "copy", copy_what_was_there_before)

    async def steps(database, _failures):
        for number in range(2000):
            beside = bool(database._work)
            if beside:
                await until(begun.is_set)
            await database.write_now(INSERT, (str(number), bytes(1000)), 0).committed()
            if beside:
                written.set()
                await asyncio.gather(*database._work)
                begun.clear()
                written.clear()
        return database.file.with_name("a.sqlite-wal").stat().st_size

    log = with_database(tmp_path, steps)
    assert log < 2 << 20  # of 24 MB that went through it
    assert len(rows(tmp_path)) == 2000


def test_what_is_under_way_when_it_closes_is_written(tmp_path):
    async def steps(database, _failures):
        database.write(INSERT, ("a", b""))
        database.write_now(INSERT, ("b", bytes(1 << 20)), 1 << 20)

    with_database(tmp_path, steps)
    assert sorted(rows(tmp_path)) == ["a", "b"]


def test_the_file_is_private_and_nothing_lies_beside_it_afterwards(tmp_path):
    async def steps(database, _failures):
        await database.write_now(INSERT, ("a", b""), 0).committed()
        return {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}

    assert with_database(tmp_path, steps) == {0o600}
    assert [path.name for path in tmp_path.iterdir()] == ["a.sqlite"]


def test_a_folder_that_is_not_there_says_so(tmp_path):
    async def open_it():
        Database(tmp_path / "no" / "a.sqlite", SCHEMA, print, Disk())

    with pytest.raises(BooksError, match="No such file"):
        asyncio.run(open_it())


def test_two_can_make_the_same_file_at_the_same_time(tmp_path):
    async def run():
        databases = [Database(tmp_path / "a.sqlite", SCHEMA, print, Disk()) for _ in range(2)]
        await asyncio.gather(*(
            database.write_now(INSERT, (f"{place} {number}", b""), 0).committed()
            for number in range(100)
            for place, database in enumerate(databases)
        ))  # fmt: skip
        for database in databases:
            await database.aclose()

    asyncio.run(run())
    assert len(rows(tmp_path)) == 200
