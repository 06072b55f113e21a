"""How long answers take: a wait for the first token, a rate for the rest, a queue where too many ask at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from hub.mock import draw
from hub.text import parse_duration


def parse_latency(text: str) -> float:
    """Return seconds for `200ms` and whatever a duration is.

    Raises:
        ValueError: not a duration.
    """
    plain = text.strip().lower()
    if plain.endswith("ms"):
        return parse_duration(plain.removesuffix("ms").strip()) / 1000
    return parse_duration(plain)


@dataclass(frozen=True)
class Pace:
    """A server's speed.

    Attributes:
        latency_s: until the first token.
        jitter_s: the latency is drawn evenly from latency_s - jitter_s to latency_s + jitter_s.
        tokens_per_second: of each answer; None: all at once.
        concurrency: answers made at one time, others wait; None: no limit.
    """

    latency_s: float = 0.0
    jitter_s: float = 0.0
    tokens_per_second: float | None = None
    concurrency: int | None = None

    def first_s(self, source: object) -> float:
        """Return when the first token is due after the answer was begun."""
        if not self.jitter_s:
            return self.latency_s
        return max(0.0, self.latency_s + self.jitter_s * (2 * draw.fraction("latency", source) - 1))

    def due_s(self, first_s: float, tokens: int) -> float:
        """Return when token number `tokens` is due; the first one comes with the latency."""
        return first_s + (max(0, tokens - 1) / self.tokens_per_second if self.tokens_per_second else 0.0)


class Queue:
    """Lets so many answers be made at one time, in the order of their coming."""

    def __init__(self, concurrency: int | None) -> None:
        """Open the queue."""
        self._places = asyncio.Semaphore(concurrency) if concurrency else None

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place and hold it."""
        if self._places is None:
            yield
            return
        async with self._places:
            yield


async def until(moment: float) -> None:
    """Wait until the loop's clock says `moment`."""
    left = moment - asyncio.get_running_loop().time()
    if left > 0:
        await asyncio.sleep(left)
