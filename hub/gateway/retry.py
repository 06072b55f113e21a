"""Trying a request again after failures that may pass, with growing, random waits, as long as there is time."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass

import tenacity

from hub.gateway import failures
from hub.gateway.call import Answer, Call, Failure, Step
from hub.gateway.meaning import health_of, was_sent, worth_another_try

GivenUpAt = Callable[[Call], float]


def never(_call: Call) -> float:
    """Return the time at which a server is given up that is not."""
    return math.inf


@dataclass(frozen=True)
class _Trying:
    """What is tried again, how often, after which pauses, and until when at the longest one of them lasts."""

    again: Callable[[Failure], bool]
    attempts: float
    longest_wait_s: float
    given_up_at: GivenUpAt


def with_retry(following: Step, given_up_at: GivenUpAt = never) -> Step:
    """Try until there is an answer, a failure that another try would not mend, or no try left.

    `given_up_at` returns the event loop's time at which the server of a call will have been away too long: no pause
    goes beyond it, since somebody must ask then, for the last time.
    """

    async def step(call: Call) -> Answer:
        began = asyncio.get_running_loop().time()
        policy = call.upstream.retry
        trying = _Trying(worth_another_try, policy.attempts, policy.longest_wait_s, given_up_at)
        answer = await _tried(following, call, trying)
        if answer.failure is None:
            return answer
        seconds = asyncio.get_running_loop().time() - began
        return Answer.failed(failures.after_tries(answer.failure, call.account.attempts, seconds))

    return step


def with_patience(following: Step, given_up_at: GivenUpAt = never) -> Step:
    """Ask a server that is away until it is back: a request that it did not take counts as no try.

    The gate makes the pauses while it is away for all. Those here are for a server that is away only now and then.
    """

    async def step(call: Call) -> Answer:
        trying = _Trying(_is_away, math.inf, call.upstream.retry.first_wait_s, given_up_at)
        return await _tried(following, call, trying)

    return step


def _is_away(failure: Failure) -> bool:
    return was_sent(failure) and health_of(failure) == "away"


async def _tried(following: Step, call: Call, trying: _Trying) -> Answer:
    told = await following(call)
    if told.failure is None or not trying.again(told.failure):
        return told  # tenacity takes longer than all other steps together: not on the way of every call

    first: Answer | None = told

    async def attempt() -> Answer:
        nonlocal first, told
        answer, first = first or await following(call), None
        # What the server did says more than that there was no time for another try.
        told = told if answer.failure is not None and answer.failure.code == "queue_timeout" else answer
        return answer

    await tenacity.AsyncRetrying(
        sleep=lambda seconds: _wait(call, seconds, trying.given_up_at(call)),
        stop=lambda state: state.attempt_number >= trying.attempts or state.upcoming_sleep >= call.time_left_s(),
        wait=tenacity.wait_random_exponential(call.upstream.retry.first_wait_s, trying.longest_wait_s),
        retry=tenacity.retry_if_result(lambda answer: answer.failure is not None and trying.again(answer.failure)),
        retry_error_callback=lambda _state: None,
    )(attempt)
    return told


async def _wait(call: Call, seconds: float, until: float) -> None:
    with call.account.waiting():
        await asyncio.sleep(min(seconds, max(0.0, until - asyncio.get_running_loop().time())))
