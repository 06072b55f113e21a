"""Answering what was answered before: which occurrence of a request a call is, and where its answer comes from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from functools import partial

from hub.gateway import failures
from hub.gateway.aside import SMALL, aside
from hub.gateway.books import Ledger, Used
from hub.gateway.call import Answer, Call, Failure, Step
from hub.gateway.canonical import Asked, asked
from hub.gateway.config import CacheMode
from hub.gateway.flight import Flight
from hub.gateway.room import LARGE, Room
from hub.gateway.stored import Answers, Place, Stored

_STREAM = "text/event-stream"


class Cache:
    """What is under way in this process; what has ended is on disk.

    A client is given the lowest number that was neither delivered in this start of its job nor is being given to
    another client now. So whoever gave up and asks again gets the same answer, and whoever asks twice gets two.
    """

    def __init__(self, mode: CacheMode, ledger: Ledger, answers: Answers | None, room: Room) -> None:
        """Know from `ledger` what was delivered; without `answers` nothing is kept. Large ones wait for `room`."""
        self._mode = mode
        self._room = room
        self._ledger = ledger
        self._answers = answers
        self._calls: dict[bytes, list[Call]] = {}  # that have not ended, by key
        self._flights: dict[Place, Flight] = {}

    def with_answers(self, following: Step) -> Step:
        """Return the step that asks `following` what was not answered before."""

        async def step(call: Call) -> Answer:
            if call.operation == "models":
                return await following(call)
            small = call.account.bytes_in <= SMALL
            request = asked(call, self._mode) if small else await aside(partial(asked, call, self._mode))
            call.body = request.body
            place = self._take(call, request, await self._used(call, request))
            if self._answers is None:
                return await following(call)
            return await self._answer(call, place, following, self._answers)

        return step

    async def _used(self, call: Call, request: Asked) -> Used | None:
        if not request.numbered:
            return None
        name = (call.job_id, call.session, request.key.hex())
        return self._ledger.used(*name) or await self._ledger.look_up(*name)

    def _take(self, call: Call, request: Asked, used: Used | None) -> Place:
        """Give the call its number, for as long as it goes on."""
        account, key = call.account, request.key
        account.key = key.hex()
        calls = self._calls.setdefault(key, [])
        account.number = used.next(_taken(calls)) if used is not None else 0
        calls.append(call)
        account.leave = partial(self._leave, key, call)
        return Place(key, account.number)

    def _leave(self, key: bytes, call: Call) -> None:
        call.account.leave = _left  # the other leads back to the call, whose body must not wait for a collection
        calls = self._calls[key]
        calls.remove(call)
        if not calls:
            del self._calls[key]

    async def _answer(self, call: Call, place: Place, following: Step, answers: Answers) -> Answer:
        while True:
            if place not in self._flights:
                try:
                    stored = await answers.find(place, partial(self._admit, call))
                except asyncio.TimeoutError:
                    return Answer.failed(failures.no_room(call.upstream))
                if stored is not None:
                    return _replay(call, stored)
            flight = self._flights.get(place)
            if flight is None:
                return await self._ask(call, place, following, answers)
            if answer := await flight.join(call):
                call.account.cached = True
                return answer

    async def _admit(self, call: Call, size: int) -> None:
        """Wait for room for a large answer, until the call ends."""
        if size > LARGE:
            call.closing.callback((await self._room.take(size, call.expires_at)).end)

    async def _ask(self, call: Call, place: Place, following: Step, answers: Answers) -> Answer:
        flight = self._flights[place] = Flight(call, partial(answers.keep, place), partial(self._flights.pop, place))
        return await flight.lead(following)


def _left() -> None:
    """Do nothing more."""


def _taken(calls: list[Call]) -> Collection[int]:
    """Return the numbers of calls whose client has not left."""
    return {call.account.number for call in calls if call.connected()}


def _replay(call: Call, stored: Stored) -> Answer:
    account = call.account
    account.cached = True
    account.tokens_in, account.tokens_out = stored.tokens_in, stored.tokens_out
    stream = any(name.lower() == "content-type" and value.startswith(_STREAM) for name, value in stored.headers)
    return Answer(stored.status, stored.headers, stored.body, rest=_nothing() if stream else None)


async def _nothing() -> AsyncIterator[bytes | Failure]:
    """Yield nothing: the stream's first piece is all of it."""
    return
    yield b""
