import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.gateway import books as module
from hub.gateway.books import Used, open_books
from hub.gateway.config import Books
from hub.gateway.stored import Place, Stored
from hub.gateway.written import BooksError
from hub.ledger import LedgerRow, read_rows

NUMBERS = st.sets(st.integers(0, 12))


def row(key="k", number=0, session=1, **changes):
    return LedgerRow(session, 0.0, "candidate", "arc", "completions", changes.pop("outcome", "ok"), key=key,
                     number=number, **changes)  # fmt: skip


@given(NUMBERS, st.randoms(use_true_random=False), NUMBERS)
def test_the_next_number_is_the_lowest_that_is_neither_used_nor_taken(used, random, taken):
    order = [*used]
    random.shuffle(order)

    found = Used(order).next(taken)

    assert found == min(set(range(30)) - used - taken)


def with_ledger(tmp_path, steps):
    async def run():
        async with open_books(Books(tmp_path / "run.sqlite", "off"), print) as opened:
            return await steps(opened.ledger)

    return asyncio.run(run())


async def next_number(ledger, key="k", session=1, job="job"):
    name = (job, session, key)
    return (ledger.used(*name) or await ledger.look_up(*name)).next(())


@pytest.mark.parametrize(
    "changes", [{"outcome": "upstream_error"}, {"delivered": False}, {"outcome": "client_left", "delivered": False}]
)
def test_only_a_delivered_success_uses_its_number_up(tmp_path, changes):
    async def steps(ledger):
        numbers = [await next_number(ledger)]
        ledger.write("job", row(**changes))
        numbers.append(await next_number(ledger))
        ledger.write("job", row())
        return [*numbers, await next_number(ledger)]

    assert with_ledger(tmp_path, steps) == [0, 0, 1]


def test_jobs_starts_and_keys_count_apart(tmp_path):
    async def steps(ledger):
        await next_number(ledger)
        ledger.write("job", row())
        others = [{"key": "other"}, {"session": 2}, {"job": "another"}]
        return [await next_number(ledger, **other) for other in others]

    assert with_ledger(tmp_path, steps) == [0, 0, 0]


def test_what_was_forgotten_is_looked_up(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_MOST_KEYS", 3)

    async def steps(ledger):
        for number in range(2):
            for key in "abcdefgh":
                assert await next_number(ledger, key) == number
                ledger.write("job", row(key, number))
                await asyncio.sleep(0)
        return len(ledger._used), [await next_number(ledger, key) for key in "abcdefgh"]

    assert with_ledger(tmp_path, steps) == (3, [2] * 8)


def test_what_is_not_yet_on_disk_is_not_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_MOST_KEYS", 3)

    async def steps(ledger):
        for key in "abcdefgh":  # all in one iteration of the loop, before any commit
            ledger.used("job", 1, key)
            ledger.write("job", row(key))
        return [ledger.used("job", 1, key).next(()) for key in "abcdefgh"]

    assert with_ledger(tmp_path, steps) == [1] * 8


def test_a_start_that_was_begun_by_an_earlier_process_is_known(tmp_path):
    async def begin(ledger):
        ledger.write("job", row())
        ledger.write("job", row(number=1))

    async def go_on(ledger):
        return await next_number(ledger)

    with_ledger(tmp_path, begin)

    assert with_ledger(tmp_path, go_on) == 2


def test_rows_are_durable_once_it_is_settled(tmp_path):
    async def steps(ledger):
        ledger.write("job", row())
        await ledger.settled()
        return list(read_rows(tmp_path / "run.sqlite", "job"))

    assert with_ledger(tmp_path, steps) == [row()]


def test_one_reserve_is_for_all_files_and_given_back_when_any_of_them_cannot_be_written(tmp_path):
    async def run():
        books = Books(tmp_path / "run.sqlite", "shared", tmp_path / "shared.sqlite")
        told = []
        async with open_books(books, told.append) as opened:
            held = opened.ledger._database._reserve
            before = held.is_held
            opened.answers._database._here.execute("PRAGMA max_page_count = 1")
            with pytest.raises(BooksError, match="the disk is full"):
                await opened.answers.keep(Place(b"k", 0), Stored(200, (), bytes(100_000), 1, 1))
            opened.ledger.write("job", row())
            await opened.ledger.settled()
            return before, held.is_held, len(told)

    assert asyncio.run(run()) == (True, False, 1)
    assert list(read_rows(tmp_path / "run.sqlite", "job")) == [row()]
