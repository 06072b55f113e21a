"""How many calls a server takes: at a time, in a minute, and with how many tokens in a minute. Pure."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass

from hub.gateway.config import Upstream
from hub.gateway.tokens import reckoned
from hub.ledger import LedgerRow

# A minute, and a little for requests that take unequally long on their way: the server counts arrivals.
WINDOW_S = 60.5
Place = tuple[str, str]


@dataclass(frozen=True)
class Limits:
    """Of one server and model; None where there is none."""

    concurrency: int
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None


def place_of(upstream: Upstream) -> Place:
    """Return what all jobs share that ask the same model of the same server."""
    return upstream.base_url, upstream.model


def limits_of(upstreams: Iterable[Upstream]) -> dict[Place, Limits]:
    """Return the limits of each server and model: the smallest number that a job names."""
    found: dict[Place, Limits] = {}
    for upstream in upstreams:
        mine = Limits(upstream.concurrency, upstream.requests_per_minute, upstream.tokens_per_minute)
        known = found.get(place_of(upstream), mine)
        found[place_of(upstream)] = Limits(
            min(mine.concurrency, known.concurrency),
            _smaller(mine.requests_per_minute, known.requests_per_minute),
            _smaller(mine.tokens_per_minute, known.tokens_per_minute),
        )
    return found


def _smaller(one: int | None, other: int | None) -> int | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)


@dataclass(eq=False)
class Sent:
    """A request that was sent: when, and how many tokens it takes as far as is known."""

    at: float
    tokens: int


def sent_lately(rows: Iterable[LedgerRow], now: float, loop_now: float) -> dict[Place, list[Sent]]:
    """Return what earlier starts of a run sent in the minute before `now`, by the event loop's time, oldest first.

    A row says when its call ended and how often it was tried, not when: each try counts as the last one.
    """
    found: dict[Place, list[Sent]] = defaultdict(list)
    for row in rows:
        ago = max(now - row.at - row.latency_ms / 1000, 0.0)
        if ago < WINDOW_S:
            found[row.upstream, row.model] += [Sent(loop_now - ago, _tokens_of(row)) for _ in range(row.attempts)]
    return {place: sorted(sent, key=lambda one: one.at) for place, sent in found.items()}


def _tokens_of(row: LedgerRow) -> int:
    if row.outcome == "upstream_unreachable":
        return 0
    tokens_in = reckoned(row.bytes_in) if row.tokens_in is None else row.tokens_in
    return tokens_in + (reckoned(row.bytes_out) if row.tokens_out is None else row.tokens_out)


class Minute:
    """What was sent to a server within the last minute, and from it, when the next request may be.

    Every time is the event loop's, and none that is asked about lies before one that was added.
    """

    def __init__(self, requests: int | None, tokens: int | None, sent: Iterable[Sent] = ()) -> None:
        """Begin with what was sent already."""
        self._requests = requests
        self._tokens = tokens
        self._sent = deque(sent)

    def earliest(self, now: float, tokens: int) -> float:
        """Return the first time, not before `now`, at which a request may be sent that takes so many tokens.

        One that alone is more than a minute's tokens goes when it has a minute to itself.
        """
        self._forget(now)
        at = now
        if self._requests is not None and len(self._sent) >= self._requests:
            at = self._sent[-self._requests].at + WINDOW_S
        if self._tokens is not None:
            at = max(at, self._room_at(now, min(tokens, self._tokens), self._tokens))
        return at

    def add(self, at: float, tokens: int) -> Sent:
        """Note a request; its tokens may be set right as long as it is remembered."""
        sent = Sent(at, tokens)
        if self._requests is not None or self._tokens is not None:
            self._sent.append(sent)
        return sent

    def take_back(self, sent: Sent) -> None:
        """Forget a request that was not sent after all."""
        if sent in self._sent:
            self._sent.remove(sent)

    def last_turn(self, now: float, line: int) -> float:
        """Return before when the last of so many in line cannot be sent.

        By the number of requests alone: what those before it take of the tokens nobody knows yet.
        """
        if self._requests is None:
            return now
        rehearsal = Minute(self._requests, None, self._sent)
        for _ in range(line):
            now = rehearsal.earliest(now, 0)
            rehearsal.add(now, 0)
        return now

    def _room_at(self, now: float, tokens: int, limit: int) -> float:
        free, at = limit - sum(sent.tokens for sent in self._sent), now
        for sent in self._sent:
            if tokens <= free:
                break
            free += sent.tokens
            at = sent.at + WINDOW_S
        return at

    def _forget(self, now: float) -> None:
        while self._sent and self._sent[0].at + WINDOW_S <= now:
            self._sent.popleft()
