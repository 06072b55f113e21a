"""Whether a server takes our key: after ten refusals in a row nobody asks it any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from hub.gateway.call import Answer, Call, Failure, Step
from hub.gateway.config import Upstream, Verdict
from hub.gateway.limits import Place, place_of
from hub.gateway.meaning import refuses_key

_ENOUGH = 10
KeyAt = tuple[Place, str | None]


@dataclass
class _Refusals:
    in_a_row: int = 0
    given_up: Failure | None = None

    def note(self, failure: Failure | None) -> None:
        if failure is None:
            self.in_a_row = 0
        elif refuses_key(failure):
            self.in_a_row += 1
            if self.in_a_row >= _ENOUGH:
                message = f"{failure.message} (and so {_ENOUGH} times in a row)"
                self.given_up = self.given_up or replace(failure, message=message)


def key_at(upstream: Upstream) -> KeyAt:
    """Return a key, by the name of its variable, and what it is for."""
    return place_of(upstream), upstream.api_key_env


def with_key_watch(following: Step, users: Mapping[KeyAt, Collection[str]], tell: Callable[[Verdict], None]) -> Step:
    """Give up a server that refuses the key ten times and answers nothing in between.

    Args:
        following: the next step.
        users: the jobs that use each key.
        tell: is told the verdict about each of them, perhaps more than once.
    """
    refusals: dict[KeyAt, _Refusals] = defaultdict(_Refusals)

    async def step(call: Call) -> Answer:
        mine = refusals[key_at(call.upstream)]
        if mine.given_up:
            return Answer.failed(mine.given_up)
        answer = await following(call)
        mine.note(answer.failure)
        if mine.given_up:
            for job in users[key_at(call.upstream)]:
                tell(Verdict(job, "key", mine.given_up.message))
        return answer

    return step
