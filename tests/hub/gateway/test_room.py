import asyncio

import pytest

from hub.gateway.room import Room
from tests.fakes.clock import run


def test_who_comes_first_is_let_in_first():
    async def steps():
        room, order = Room(10), []

        async def one(name, size, seconds):
            lease = await room.take(size, 2000)
            order.append(name)
            await asyncio.sleep(seconds)
            lease.end()

        # The small one at the end would fit beside the first, but a large one is not to wait for ever.
        await asyncio.gather(one("a", 6, 3), one("b", 8, 2), one("c", 2, 1))
        return order

    assert run(steps()) == ["a", "b", "c"]


def test_no_more_is_in_memory_than_there_is_room_for():
    async def steps():
        room, held, most = Room(10), 0, 0

        async def one(size):
            nonlocal held, most
            lease = await room.take(size, 2000)
            held += size
            most = max(most, held)
            await asyncio.sleep(1)
            held -= size
            lease.end()

        await asyncio.gather(*(one(size) for size in (3, 4, 5, 6, 7, 1, 2, 3)))
        return most, room._free

    assert run(steps()) == (10, 10)


def test_what_is_larger_than_all_of_it_has_it_alone():
    async def steps():
        room = Room(10)
        lease = await room.take(11, 2000)
        with pytest.raises(asyncio.TimeoutError):
            await room.take(1, 1001)
        lease.end()
        return room._free

    assert run(steps()) == 10


def test_what_turns_out_smaller_lets_others_in():
    async def steps():
        room = Room(10)
        lease = await room.take(10, 2000)
        lease.shrink(4)
        lease.shrink(7)
        await room.take(6, 2000)
        return room._free

    assert run(steps()) == 0


@pytest.mark.parametrize("gives_up", ["late", "cancelled", "cancelled when it is let in"])
def test_who_gives_up_leaves_no_gap(gives_up):
    async def steps():
        room = Room(10)
        lease = await room.take(10, 2000)
        waiting = asyncio.ensure_future(room.take(5, 1001 if gives_up == "late" else 2000))
        await asyncio.sleep(2 if gives_up == "late" else 0)
        if gives_up == "cancelled":
            waiting.cancel()
        lease.end()
        if gives_up == "cancelled when it is let in":
            waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return room._free

    assert run(steps()) == 10
