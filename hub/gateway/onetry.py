"""One try of a call: let through by the gate of its server, in time, and counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping

from hub.gateway import failures
from hub.gateway.call import Answer, Call, Failure, Step
from hub.gateway.deadline import Deadline
from hub.gateway.gate import Gate
from hub.gateway.limits import Place, place_of
from hub.gateway.meaning import retry_after_s, worth_another_try
from hub.gateway.tokens import Usage, expected, reckoned, usage_of


def through_gate(following: Step, gates: Mapping[Place, Gate]) -> Step:
    """Wait for the server's gate, and keep the place there until the answer, or its stream, has ended."""

    async def step(call: Call) -> Answer:
        gate = gates[place_of(call.upstream)]
        sent = await gate.enter(call)
        if isinstance(sent, Failure):
            return Answer.failed(sent)
        streams = False
        try:
            answer = await following(call)
            if call.operation != "models":  # which servers list that cannot answer, and others do not
                gate.note(call, sent, answer.failure)
            answer = _obeyed(call, gate, answer)
            streams = answer.rest is not None
        finally:
            if not streams:
                gate.leave(sent, call.account.tokens)
        if streams:
            call.closing.callback(lambda: gate.leave(sent, call.account.tokens))
        return answer

    return step


def within_timeout(following: Step) -> Step:
    """Give up on a server that is silent, or does not come to the end of a stream, for longer than a try may take."""

    async def step(call: Call) -> Answer:
        now = asyncio.get_running_loop().time()
        until = min(now + call.upstream.timeout_s, call.expires_at)
        try:
            with Deadline(until):
                answer = await following(call)
        except asyncio.TimeoutError:
            return Answer.failed(_late(call))
        return answer if answer.rest is None else answer.with_rest(call, _until(until, answer.rest, _late(call)))

    return step


def counted(following: Step, settle: Callable[[Call, Usage], None]) -> Step:
    """Count a request and its tokens; `settle` is told how many it took, reckoned where the upstream does not say."""

    async def step(call: Call) -> Answer:
        call.account.attempts += 1
        meter = _Meter(call)
        try:
            answer = await following(call)
        except asyncio.CancelledError:  # it was sent, so it is paid, though nobody waits for the answer
            settle(call, meter.usage)
            raise
        if answer.failure is not None or call.operation == "models":
            return answer
        if answer.rest is None:
            meter.note(answer)
            settle(call, meter.usage)
            return answer
        meter.read(answer.body)
        call.closing.callback(lambda: settle(call, meter.usage))
        return answer.with_rest(call, _metered(meter, answer.rest))

    return step


class _Meter:
    """Reads what an answer took, from what passes of it."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._counted: Usage | None = None
        self._bytes = 0

    def note(self, answer: Answer) -> None:
        self._take(answer.usage or usage_of(answer.body), answer.body)

    def read(self, piece: bytes) -> None:
        self._take(usage_of(piece), piece)

    def _take(self, counted: Usage | None, piece: bytes) -> None:
        self._bytes += len(piece)
        self._counted = counted or self._counted
        if self._counted:
            self._call.account.tokens_in, self._call.account.tokens_out = self._counted

    @property
    def usage(self) -> Usage:
        return self._counted or Usage(expected(self._call.fields).tokens_in, reckoned(self._bytes))


def _obeyed(call: Call, gate: Gate, answer: Answer) -> Answer:
    """Obey Retry-After, for every call; one that is longer than the time left is the end of this one."""
    failure = answer.failure
    if failure is None or not worth_another_try(failure):
        return answer
    wait_s = retry_after_s(failure.headers, time.time())
    if wait_s is None:
        return answer
    gate.hold(wait_s)
    if wait_s < call.time_left_s():
        return answer
    return Answer.failed(failures.asked_to_wait(call.upstream, wait_s, failure))


async def _metered(meter: _Meter, rest: AsyncIterator[bytes | Failure]) -> AsyncGenerator[bytes | Failure, None]:
    async for piece in rest:
        if isinstance(piece, bytes):
            meter.read(piece)
        yield piece


async def _until(
    until: float, rest: AsyncIterator[bytes | Failure], late: Failure
) -> AsyncGenerator[bytes | Failure, None]:
    while True:
        try:
            with Deadline(until):
                piece = await anext(rest, None)
        except asyncio.TimeoutError:
            yield late
            return
        if piece is None:
            return
        yield piece


def _late(call: Call) -> Failure:
    return failures.took_too_long(call.upstream, min(call.upstream.timeout_s, call.upstream.deadline_s))
