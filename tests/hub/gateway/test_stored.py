"""Answers on disk."""

import asyncio
import os
import sqlite3
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub import answers
from hub.gateway import stored as module
from hub.gateway.database import Database
from hub.gateway.reserve import Reserve
from hub.gateway.stored import Answers, Place, Stored

JSON = (("Content-Type", "application/json"),)


def answer(body=b"4", **changes):
    return Stored(**{"status": 200, "headers": JSON, "body": body, "tokens_in": 3, "tokens_out": None, **changes})


def place(number=0, key=b"k" * 32):
    return Place(key, number)


def with_answers(file, steps, max_bytes=1 << 30):
    async def run():
        database = Database(file, answers.SCHEMA, print, Reserve())
        table = Answers(database, max_bytes)
        try:
            return await steps(table)
        finally:
            await table.aclose()
            await database.aclose()

    return asyncio.run(run())


@settings(max_examples=20)
@given(body=st.binary(max_size=100), tokens=st.none() | st.integers(0, 1 << 40), large=st.booleans())
def test_what_is_kept_is_found_as_it_was(tmp_path_factory, body, tokens, large):
    kept = answer(body * 10_000 + bytes(300 << 10) if large else body, tokens_in=tokens)
    file = tmp_path_factory.mktemp("answers") / "a.sqlite"

    async def steps(table):
        return await table.keep(place(), kept), await table.find(place()), await table.find(place(1))

    assert with_answers(file, steps) == (kept, kept, None)


def test_it_is_found_by_the_next_process(tmp_path):
    with_answers(tmp_path / "a.sqlite", lambda table: table.keep(place(), answer()))

    assert with_answers(tmp_path / "a.sqlite", lambda table: table.find(place())) == answer()


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_of_two_answers_the_first_one_counts(tmp_path, size):
    async def steps(table):
        first = await table.keep(place(), answer(b"1" * size))
        return first.body[:1], (await table.keep(place(), answer(b"2" * size))).body[:1]

    assert with_answers(tmp_path / "a.sqlite", steps) == (b"1", b"1")


def test_two_processes_keep_one_answer(tmp_path):
    async def steps(one):
        database = Database(tmp_path / "a.sqlite", answers.SCHEMA, print, Reserve())
        other = Answers(database, 1 << 30)
        kept = await asyncio.gather(one.keep(place(), answer(b"1")), other.keep(place(), answer(b"2")))
        await other.aclose()
        await database.aclose()
        return kept

    first, second = with_answers(tmp_path / "a.sqlite", steps)
    assert first == second


def keys(file):
    connection = sqlite3.connect(file)
    found = [int.from_bytes(key, "big") for (key,) in connection.execute("SELECT key FROM answers ORDER BY turn")]
    connection.close()
    return found


async def fill(table, count, size=10_000):
    for number in range(count):
        await table.keep(place(key=number.to_bytes(32, "big")), answer(os.urandom(size)))


async def wait_for_room(table):
    await table._work


def test_above_the_bound_those_used_longest_ago_go(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_BYTES_PER_LOOK", 100_000)
    monkeypatch.setattr(module, "_STEP", 5)
    file, bound = tmp_path / "a.sqlite", 1_000_000

    with_answers(file, lambda table: fill(table, 300), bound)

    left = keys(file)
    assert left == list(range(300 - len(left), 300))
    assert 70 < len(left) < 100
    assert file.stat().st_size < 1.5 * bound


def test_an_answer_that_is_used_is_not_the_one_used_longest_ago(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_STEP", 5)
    file = tmp_path / "a.sqlite"
    with_answers(file, lambda table: fill(table, 20))
    an_hour_ago = time.time() - 3700
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE answers SET used_at = ?", (an_hour_ago,))
    connection.close()

    async def use_the_first(table):
        await table.find(place(key=bytes(32)))

    with_answers(file, use_the_first)
    with_answers(file, wait_for_room, 100_000)

    left = keys(file)
    assert left[-1] == 0
    assert 0 < len(left) < 10


def test_a_smaller_bound_is_kept_from_the_next_start(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_STEP", 5)
    file = tmp_path / "a.sqlite"
    with_answers(file, lambda table: fill(table, 100))

    with_answers(file, wait_for_room, 500_000)

    assert 30 < len(keys(file)) < 50


def test_one_that_made_room_while_it_was_read_is_not_there(tmp_path):
    async def steps(table):
        await table.keep(place(), answer(bytes(1 << 20)))
        await table.keep(place(1), answer(bytes(1 << 20)))

        async def gone(_query, _values):
            return []

        table._database.find_large = gone
        return await table.find(place())

    assert with_answers(tmp_path / "a.sqlite", steps) is None
