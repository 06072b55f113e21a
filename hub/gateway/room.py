"""Room for large bodies: so many bytes of them are in memory at a time, and those that come later wait in line."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from hub.gateway.deadline import Deadline

LARGE = 1 << 20  # bytes; smaller bodies need no room
_MOST = 192 << 20


class Room:
    """The bytes that are free."""

    def __init__(self, most: int = _MOST) -> None:
        """Begin with all of them."""
        self._most = most
        self._free = most
        self._line: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, size: int, until: float) -> Lease:
        """Wait for `size` bytes, not longer than until a time of the event loop's.

        Raises:
            asyncio.TimeoutError: they were not free in time.
        """
        size = min(size, self._most)
        if self._line or size > self._free:
            await self._wait(size, until)
        else:
            self._free -= size
        return Lease(size, self._give_back)

    async def _wait(self, size: int, until: float) -> None:
        admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append((size, admitted))
        try:
            with Deadline(until):
                await admitted
        except BaseException:
            if admitted.cancelled():
                self._admit()  # whoever comes next
            else:  # it was let in at this very moment
                self._give_back(size)
            raise

    def _give_back(self, size: int) -> None:
        self._free += size
        self._admit()

    def _admit(self) -> None:
        while self._line:
            size, admitted = self._line[0]
            if not admitted.done() and size > self._free:
                break
            self._line.popleft()
            if not admitted.done():  # whoever waited has not gone
                self._free -= size
                admitted.set_result(None)


class Lease:
    """Bytes that somebody has taken."""

    def __init__(self, size: int, give_back: Callable[[int], None]) -> None:
        """Hold `size` bytes."""
        self._size = size
        self._give_back = give_back

    def shrink(self, size: int) -> None:
        """Give back what is more than `size`."""
        surplus = max(self._size - size, 0)
        self._size -= surplus
        self._give_back(surplus)

    def end(self) -> None:
        """Give all of it back."""
        self.shrink(0)
