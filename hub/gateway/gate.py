"""The gate of a server: calls wait in line until there is a place, the rates allow one, and the server answers."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hub.gateway import failures
from hub.gateway.breaker import Breaker
from hub.gateway.call import Call, Failure
from hub.gateway.limits import Limits, Minute, Sent
from hub.gateway.meaning import health_of
from hub.gateway.tokens import expected


@dataclass(eq=False)
class _Waiter:
    call: Call
    tokens: int
    told: asyncio.Future[Sent | Failure]


class Gate:
    """Lets the calls to one server and model through, in the order of their arrival."""

    def __init__(
        self, limits: Limits, breaker: Breaker, on_outage: Callable[[Failure], None], sent: Iterable[Sent] = ()
    ) -> None:
        """Begin with nobody in line; `on_outage` is told when the server is given up.

        `sent` is what earlier starts of the run sent.
        """
        self._limits = limits
        self._minute = Minute(limits.requests_per_minute, limits.tokens_per_minute, sent)
        self._breaker = breaker
        self._on_outage = on_outage
        self._under_way = 0
        self._scout: Sent | None = None  # is under way to see whether the server is back
        self._held_until = -math.inf
        self._line: deque[_Waiter] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._down: Failure | None = None

    async def enter(self, call: Call) -> Sent | Failure:
        """Wait until `call` may be sent; whoever was let through must `leave`. A Failure says why not in time."""
        refusal = self._down or self._too_late(call)
        if refusal:
            return refusal
        now = asyncio.get_running_loop().time()
        if not self._line and not self._under_way:
            self._breaker.begin(now)
        tokens = expected(call.fields).total if self._limits.tokens_per_minute else 0
        if not self._line and self._ready_at(now, tokens) <= now:
            return self._admit(now, tokens)
        with call.account.waiting():
            return await self._wait(call, tokens)

    def note(self, call: Call, sent: Sent, failure: Failure | None) -> None:
        """Note what the server did with `call`."""
        now = asyncio.get_running_loop().time()
        self._breaker.note(now, failure, scouting=sent is self._scout)
        if sent is self._scout:
            self._scout = None
        if health_of(failure) == "away":
            sent.tokens = 0
        if failure is not None and self._breaker.tripped and self._down is None:
            away_s = now - (self._breaker.failing_since or now)
            self._down = failures.down(call.upstream, away_s, failure, time.time())
            for waiter in tuple(self._line):
                self._refuse(waiter, self._down)
            self._on_outage(self._down)

    def given_up_at(self) -> float:
        """Return the event loop's time at which a server that does not answer is given up, infinity while it does."""
        return self._breaker.given_up_at

    def hold(self, seconds: float) -> None:
        """Let nobody through for so long; those whose time is over by then are told so now."""
        now = asyncio.get_running_loop().time()
        self._held_until = max(self._held_until, now + seconds)
        for waiter in tuple(self._line):
            if waiter.call.expires_at < self._held_until:
                self._refuse(waiter, failures.asked_to_wait(waiter.call.upstream, self._held_until - now))

    def leave(self, sent: Sent, tokens: int | None = None) -> None:
        """Give the place back; `tokens` is what the request really took, None where nobody counted."""
        self._under_way -= 1
        if tokens is not None:
            sent.tokens = tokens
        if sent is self._scout:
            self._scout = None
        self._serve()
        if not self._line and not self._under_way:
            self._breaker.end(asyncio.get_running_loop().time())

    async def _wait(self, call: Call, tokens: int) -> Sent | Failure:
        loop = asyncio.get_running_loop()
        waiter = _Waiter(call, tokens, loop.create_future())
        self._line.append(waiter)
        self._serve()
        expiry = loop.call_at(call.expires_at, self._expire, waiter)
        try:
            return await waiter.told
        except asyncio.CancelledError:
            self._withdraw(waiter)
            raise
        finally:
            expiry.cancel()

    def _serve(self) -> None:
        """Let through whoever may be now, and come back when the next one may be."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._line:
            ready_at = self._ready_at(now, self._line[0].tokens)
            if ready_at > now:
                self._timer = loop.call_at(ready_at, self._serve) if math.isfinite(ready_at) else None
                return
            waiter = self._line.popleft()
            if not waiter.told.cancelled():
                waiter.told.set_result(self._admit(now, waiter.tokens))

    def _ready_at(self, now: float, tokens: int) -> float:
        """Return when a request may be sent; infinity where somebody else must do something first."""
        if self._under_way >= self._limits.concurrency or (self._breaker.is_open and self._scout):
            return math.inf
        return max(self._held_until, self._breaker.ready_at(now), self._minute.earliest(now, tokens))

    def _admit(self, now: float, tokens: int) -> Sent:
        self._under_way += 1
        sent = self._minute.add(now, tokens)
        if self._breaker.is_open:
            self._scout = sent
        return sent

    def _refuse(self, waiter: _Waiter, failure: Failure) -> None:
        """Tell one in line that it is not let through; the next may be, and may have been by this."""
        if waiter not in self._line:
            return
        self._line.remove(waiter)
        if not waiter.told.cancelled():
            waiter.told.set_result(failure)
        self._serve()

    def _withdraw(self, waiter: _Waiter) -> None:
        """Take out a call whose client left; it may have been let through in this very moment."""
        if waiter in self._line:
            self._line.remove(waiter)
            self._serve()
        elif not waiter.told.cancelled() and isinstance(sent := waiter.told.result(), Sent):
            self._minute.take_back(sent)
            self.leave(sent)

    def _expire(self, waiter: _Waiter) -> None:
        self._refuse(waiter, self._reason(waiter.call))

    def _too_late(self, call: Call) -> Failure | None:
        """Return why a call cannot be sent in time, where that is certain already."""
        now = asyncio.get_running_loop().time()
        if now >= call.expires_at:
            return self._reason(call)
        if self._held_until > call.expires_at:
            return failures.asked_to_wait(call.upstream, self._held_until - now)
        if self._minute.last_turn(max(now, self._held_until), len(self._line) + 1) > call.expires_at:
            return failures.no_turn(call.upstream, self._limits)
        return None

    def _reason(self, call: Call) -> Failure:
        """Return what a call has waited for in vain."""
        if self._breaker.is_open and self._breaker.failure is not None:
            return failures.still_away(call.upstream, self._breaker.failure)
        rates = self._limits.requests_per_minute or self._limits.tokens_per_minute
        if rates and self._under_way < self._limits.concurrency:
            return failures.no_turn(call.upstream, self._limits)
        return failures.no_place(call.upstream, self._limits)
