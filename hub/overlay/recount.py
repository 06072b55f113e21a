"""Counts under the ledger's account: samples that lost a call are moved to what became of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from hub.report import Counts, SampleState

# What a backend calls one it may call by the other's name; neither is counted twice.
_FAILED = (SampleState.INFRA_ERROR, SampleState.MODEL_ERROR)
_ALIKE = (_FAILED, (SampleState.SKIPPED,), (SampleState.JUDGE_FALLBACK,))


@dataclass(frozen=True)
class Fates:
    """How many samples that lost a call met which fate.

    Attributes:
        scored: of those that the backend may have scored.
        tried: of those whose request was sent, whatever the backend says.
        left_out: of those among them that it did not come to score, because it left them out or its job was ended.
    """

    scored: Counter[SampleState] = field(default_factory=Counter)
    tried: Counter[SampleState] = field(default_factory=Counter)
    left_out: Counter[SampleState] = field(default_factory=Counter)

    def __add__(self, other: Fates) -> Fates:
        """Return both as one."""
        return Fates(self.scored + other.scored, self.tried + other.tried, self.left_out + other.left_out)


def recounted(counts: Counts, fates: Fates) -> Counts:
    """Return the counts with samples moved to their fates, but for those that stand there already.

    What was tried and not scored is taken from `skipped`, which means never tried; the rest from `scored`.
    """
    spare = max(0, counts.skipped - fates.scored[SampleState.SKIPPED])
    moved = dict(_moves(counts, fates.tried, fates.left_out, _FAILED, spare))
    counts = _moved(counts, moved, "skipped")
    for alike in _ALIKE:
        counts = _moved(counts, dict(_moves(counts, fates.scored, fates.scored, alike, counts.scored)), "scored")
    return counts


def _moves(
    counts: Counts, met: Counter[SampleState], most: Counter[SampleState], alike: tuple[SampleState, ...], spare: int
) -> Iterator[tuple[SampleState, int]]:
    """Yield how many samples are to be moved to each of `alike`: what was met is not counted there yet."""
    untold = sum(met[state] - getattr(counts, state.value) for state in alike)
    for state in alike:
        number = min(spare, max(0, untold), most[state])
        spare, untold = spare - number, untold - number
        yield state, number


def _moved(counts: Counts, moves: dict[SampleState, int], source: str) -> Counts:
    changes = {state.value: getattr(counts, state.value) + number for state, number in moves.items()}
    return counts.model_copy(update={**changes, source: getattr(counts, source) - sum(moves.values())})
