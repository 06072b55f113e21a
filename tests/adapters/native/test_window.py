"""The window shrinks once for one overload, grows back with answers, and never stands still."""

from __future__ import annotations

import asyncio

import pytest

from adapters.native.evaluator.models.window import Ticket, Window


def entered(window: Window, count: int) -> list[Ticket]:
    async def enter() -> list[Ticket]:
        return [await window.enter() for _ in range(count)]

    return asyncio.run(enter())


def leave_all(window: Window, tickets: list[Ticket], failure: str | None) -> None:
    for ticket in tickets:
        window.leave(ticket, failure)


def test_there_is_room_for_all_at_first() -> None:
    window = Window(8)

    assert len(entered(window, 8)) == 8


@pytest.mark.parametrize("failure", ["HTTP 429", "HTTP 503", "HTTP 504", "time-out"])
def test_requests_that_were_sent_together_are_one_overload(failure: str) -> None:
    window = Window(8)

    leave_all(window, entered(window, 8), failure)

    assert window.room == 4


def test_an_overload_after_the_halving_halves_again_and_one_place_stays() -> None:
    window = Window(8)

    rooms = []
    for _ in range(5):
        leave_all(window, entered(window, 1), "HTTP 429")
        rooms.append(window.room)

    assert rooms == [4, 2, 1, 1, 1]


def test_a_round_of_answers_makes_room_for_one_more_up_to_all() -> None:
    window = Window(8)
    leave_all(window, entered(window, 8), "HTTP 429")

    rooms = []
    for _ in range(6):
        leave_all(window, entered(window, window.room), "")
        leave_all(window, entered(window, 1), "")  # what rounding leaves of a round
        rooms.append(window.room)

    assert rooms == [5, 6, 7, 8, 8, 8]


@pytest.mark.parametrize("failure", ["HTTP 400", "HTTP 500", "no connection", None])
def test_other_failures_and_places_that_were_not_used_say_nothing_about_load(failure: str | None) -> None:
    window = Window(8)
    leave_all(window, entered(window, 8), "HTTP 429")

    leave_all(window, entered(window, 4), failure)

    assert window.room == 4


def test_who_waits_enters_when_a_place_is_given_back() -> None:
    async def wait() -> bool:
        window = Window(1)
        first = await window.enter()
        second = asyncio.create_task(window.enter())
        await asyncio.sleep(0)
        waited = not second.done()
        window.leave(first, "")
        await second
        return waited

    assert asyncio.run(wait())


def test_who_gave_up_waiting_takes_no_place() -> None:
    async def wait() -> None:
        window = Window(1)
        first = await window.enter()
        gone, patient = (asyncio.create_task(window.enter()) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.sleep(0)
        window.leave(first, "")
        await asyncio.wait_for(patient, 5)

    asyncio.run(wait())
