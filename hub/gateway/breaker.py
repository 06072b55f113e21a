"""Whether a server answers: while it does not, one call at a time asks it, and at last none. Pure.

A server that refuses a connection, or says 503, is away at once; one that takes requests and fails is given a few,
since a single request may be to blame. Both are back with the first answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from hub.gateway.call import Failure
from hub.gateway.config import Retry
from hub.gateway.meaning import health_of

_TAKEN_FOR_CHANCE = 3  # failures of requests that were taken, one after another
_LONGEST_PAUSE_S = 5.0  # between two calls that ask whether the server is back
_IDLE_S = 60.0


class Breaker:
    """What is known of one server and model; every time is the event loop's.

    Attributes:
        failing_since: when the first failure came after the last answer, None while it answers.
        failure: the last one of them.
        tripped: it has been away too long: nothing is asked any more.
    """

    def __init__(self, policies: Iterable[Retry]) -> None:
        """Take the shortest times that a job names."""
        known = tuple(policies)
        self._outage_s = min(policy.outage_s for policy in known)
        self._first_pause_s = min(_LONGEST_PAUSE_S, *(policy.first_wait_s for policy in known))
        self._idle_s = max(_IDLE_S, *(policy.longest_wait_s for policy in known))
        self.tripped = False
        self.failing_since: float | None = None
        self.failure: Failure | None = None
        self._failures = 0
        self._pause_s = self._first_pause_s
        self._next_at = -math.inf
        self._quiet_since: float | None = None

    @property
    def given_up_at(self) -> float:
        """Return when a server that does not answer will have been away too long; infinity for one that does."""
        return math.inf if self.failing_since is None else self.failing_since + self._outage_s

    @property
    def is_open(self) -> bool:
        """Return whether calls must wait until one of them has found the server back."""
        return self._next_at > -math.inf

    def ready_at(self, now: float) -> float:
        """Return the first time, not before `now`, at which a call may be sent."""
        return math.inf if self.tripped else max(now, self._next_at)

    def begin(self, now: float) -> None:
        """Note that calls come after there was none: time in which nobody asked is no outage."""
        if self._quiet_since is not None and now - self._quiet_since > self._idle_s:
            self.failing_since = None
        self._quiet_since = None

    def end(self, now: float) -> None:
        """Note that no call is left."""
        self._quiet_since = now

    def note(self, now: float, failure: Failure | None, *, scouting: bool) -> None:
        """Note what the server did with a request; None is an answer. One that is tripped stays so.

        Args:
            now: the time.
            failure: what it did in place of an answer.
            scouting: this request was to see whether the server is back.
        """
        health = health_of(failure)
        if failure is None or health == "alive":
            self._recover()
            return
        self.failure = failure
        self._failures += 1
        self.failing_since = now if self.failing_since is None else self.failing_since
        self.tripped = self.tripped or now >= self.given_up_at
        if scouting:
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
        if scouting or (not self.is_open and (health == "away" or self._failures >= _TAKEN_FOR_CHANCE)):
            self._next_at = min(now + self._pause_s, self.given_up_at)  # the last question is in time for the verdict

    def _recover(self) -> None:
        self.failing_since = self.failure = None
        self._failures = 0
        self._pause_s = self._first_pause_s
        self._next_at = -math.inf
