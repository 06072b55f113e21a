import asyncio

import pytest

from hub.gateway.deadline import Deadline
from tests.fakes.clock import run


async def sleep_until(until, seconds):
    with Deadline(until):
        await asyncio.sleep(seconds)
    return asyncio.get_running_loop().time()


def test_what_is_over_in_time_is_left_alone():
    async def steps():
        ended = await sleep_until(1005.0, 3.0)
        await asyncio.sleep(10.0)
        return ended

    assert run(steps()) == 1003.0


@pytest.mark.parametrize(("until", "ends_at"), [(1005.0, 1005.0), (900.0, 1000.0)])
def test_what_is_not_is_ended(until, ends_at):
    async def steps():
        with pytest.raises(asyncio.TimeoutError):
            await sleep_until(until, 30.0)
        ended = asyncio.get_running_loop().time()
        await asyncio.sleep(1.0)  # the task is not cancelled any more
        return ended

    assert run(steps()) == ends_at


def test_another_s_cancellation_stays_one():
    async def steps():
        task = asyncio.ensure_future(sleep_until(1005.0, 30.0))
        await asyncio.sleep(2.0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(steps())


def test_the_inner_of_two_ends_only_its_own_block():
    async def steps():
        with Deadline(1010.0):
            with pytest.raises(asyncio.TimeoutError):
                await sleep_until(1005.0, 30.0)
            await asyncio.sleep(2.0)
        return asyncio.get_running_loop().time()

    assert run(steps()) == 1007.0


def test_an_error_passes():
    async def steps():
        with Deadline(1005.0):
            raise KeyError("x")

    with pytest.raises(KeyError):
        run(steps())
