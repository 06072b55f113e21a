"""How many requests are under way at once: fewer when the server has too much to do, more again as it answers."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import NewType

# What a server that has too much to do answers, once the gateway has waited and tried again as often as it may.
OVERLOAD = frozenset({"HTTP 429", "HTTP 503", "HTTP 504", "time-out"})
Ticket = NewType("Ticket", int)


class Window:
    """Room for `most` requests; halved by an overload, and one more for every round of answers (AIMD, as TCP has it).

    A ticket says since which halving its request was under way: those that were sent together are one overload.
    """

    def __init__(self, most: int) -> None:
        """Start with room for all."""
        self._most = most
        self._room = float(most)
        self._busy = 0
        self._halvings = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def room(self) -> int:
        """Return how many may be under way now."""
        return int(self._room)

    async def enter(self) -> Ticket:
        """Wait for a place and take it."""
        while self._busy >= self.room:
            place = asyncio.get_running_loop().create_future()
            self._waiting.append(place)
            await place
        self._busy += 1
        return Ticket(self._halvings)

    def leave(self, ticket: Ticket, failure: str | None) -> None:
        """Give the place back; `failure`: the reply's, empty for an answer, None where nothing was asked."""
        self._busy -= 1
        if failure in OVERLOAD:
            if ticket == self._halvings:
                self._room = max(1.0, self._room / 2)
                self._halvings += 1
        elif failure == "":
            self._room = min(float(self._most), self._room + 1 / self._room)
        free = self.room - self._busy
        while free > 0 and self._waiting:
            place = self._waiting.popleft()
            if not place.done():  # else its request was cancelled
                place.set_result(None)
                free -= 1
