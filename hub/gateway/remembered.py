"""What has failed for good: answered from memory, so that a client that loops does not loop at the model's cost."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass

from hub.gateway.call import Answer, Call, Failure, Step
from hub.gateway.config import Verdict
from hub.gateway.meaning import was_sent

_MOST = 10_000  # failures, of about a kilobyte
_LOOP = 100
Asked = tuple[str, int, str, int]


@dataclass
class _Known:
    """A failure, how often the same may still be asked, and how often it was answered from memory."""

    failure: Failure
    chances: int
    recalled: int = 0


class Memory:
    """Failures by start of a job, request and occurrence; those not asked for longest are forgotten first."""

    def __init__(self, most: int = _MOST) -> None:
        """Begin with none; hold so many."""
        self._known: OrderedDict[Asked, _Known] = OrderedDict()
        self._most = most

    def recall(self, asked: Asked) -> tuple[Failure, int] | None:
        """Return the failure for good of what is asked, and how often it was recalled, this time included."""
        known = self._known.get(asked)
        if known is None or known.chances > 0:
            return None
        self._known.move_to_end(asked)
        known.recalled += 1
        return known.failure, known.recalled

    def keep(self, asked: Asked, failure: Failure, *, chances: int = 0) -> None:
        """Keep a failure; at its first time `chances` says how often the same may be asked again."""
        before = self._known.pop(asked, None)
        self._known[asked] = _Known(failure, before.chances - 1 if before else chances)
        if len(self._known) > self._most:
            self._known.popitem(last=False)


def with_memory(following: Step, memory: Memory, tell: Callable[[Verdict], None]) -> Step:
    """Answer from memory what has failed for good; `tell` is told of a job that asks for it a hundred times.

    What has no key, since nothing counts its occurrences, is not remembered; nor is what was never sent: money,
    time or the server may be there another time. A stream that broke cannot be tried again here, only by the client:
    it may as often as a request is tried.
    """

    async def step(call: Call) -> Answer:
        asked = _asked(call)
        if not call.account.key:
            return await following(call)
        if recalled := memory.recall(asked):
            failure, times = recalled
            if times >= _LOOP:
                reason = f"the backend asks again and again for what has failed for good: {failure.message}"
                tell(Verdict(call.job_id, "loop", reason))
            return Answer.failed(failure)
        answer = await following(call)
        if answer.failure is not None and was_sent(answer.failure):
            memory.keep(asked, answer.failure)
        return answer if answer.rest is None else answer.with_rest(call, _watched(call, answer.rest, memory))

    return step


async def _watched(
    call: Call, rest: AsyncIterator[bytes | Failure], memory: Memory
) -> AsyncGenerator[bytes | Failure, None]:
    async for piece in rest:
        if isinstance(piece, Failure):
            chances = call.upstream.retry.attempts - 1
            memory.keep(_asked(call), piece, chances=chances)
        yield piece


def _asked(call: Call) -> Asked:
    """Return what a call is remembered by; a job that is started once more may ask anew."""
    return call.job_id, call.session, call.account.key, call.account.number
