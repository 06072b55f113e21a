"""Log-probabilities: made up, the same for the same text, high for what the mock says itself."""

from __future__ import annotations

from collections.abc import Sequence

from hub.mock import draw
from hub.mock.answers import Belief
from hub.mock.reply import Scored
from hub.mock.tokens import split

_COMMON = (" the", ",", " of", " and", ".", " a", " to", " in", " is", "\n", " that", " for", " it", " as", " was")
_COMMON_MORE = (" on", " with", " by", " at", " or")


def of_answer(tokens: Sequence[str], others: Sequence[str], top: int) -> tuple[Scored, ...]:
    """Return the scores of a generated text; the first tokens of `others` come second in place of its own."""
    starts = [split(other)[0] for other in others if other]
    return tuple(_likely(token, place, starts if place == 0 else (), top) for place, token in enumerate(tokens))


def of_prompt(prompt: str, belief: Belief | None, top: int) -> tuple[Scored, ...]:
    """Return the scores of a prompt's tokens; the answer at its end is likely only where the mock agrees."""
    start = belief.start if belief else len(prompt)
    before = [_middling(token, place, top) for place, token in enumerate(split(prompt[:start]))]
    rest = list(enumerate(split(prompt[start:]), len(before)))
    agrees = belief is not None and belief.agrees
    after = [_likely(token, place, (), top) if agrees else _unlikely(token, place, top) for place, token in rest]
    scored = [*before, *after]
    return (Scored(scored[0].token, None, ()), *scored[1:]) if scored else ()


def _likely(token: str, place: int, others: Sequence[str], top: int) -> Scored:
    logprob = -0.05 - 0.25 * draw.fraction(token, place)
    ranked = [(token, logprob), *_below(logprob - 3, token, others)]
    return Scored(token, logprob, tuple(ranked[:top]))


def _middling(token: str, place: int, top: int) -> Scored:
    logprob = -0.5 - 3 * draw.fraction(token, place)
    return Scored(token, logprob, tuple([(token, logprob), *_below(logprob - 1, token, ())][:top]))


def _unlikely(token: str, place: int, top: int) -> Scored:
    logprob = -5 - 3 * draw.fraction(token, place)
    return Scored(token, logprob, tuple(_below(-0.2, token, ())[:top]))


def _below(highest: float, token: str, others: Sequence[str]) -> list[tuple[str, float]]:
    names = [name for name in dict.fromkeys([*others, *_COMMON, *_COMMON_MORE]) if name != token]
    return [(name, highest - 0.5 * rank) for rank, name in enumerate(names)]
