"""Split the requests of a data set between workers: evenly, and so that what prompts share is computed by one. Pure.

The split hangs on the requests and the number of workers alone, so that a job that is started again splits as before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise

from adapters.native.evaluator.models.trie import common
from adapters.native.evaluator.request import Generation, Likelihood, Request

# A cut may be off its place by this share of a worker's work, for one at which less has to be computed twice.
_SLACK = 0.05


def shares(requests: Sequence[Request], workers: int) -> list[list[int]]:
    """Return which requests each worker gets, by their numbers, in order; some get none where there are few.

    Likelihoods: neighbours in the order of their texts, where what they share lies together. Generated answers: by
    turns, for their work is in the answers, which nobody knows; a question asked several times stays together.
    """
    likelihoods = [request for request in requests if isinstance(request, Likelihood)]
    if likelihoods:
        return _stretches(likelihoods, workers)
    return _dealt([request for request in requests if isinstance(request, Generation)], workers)


def _stretches(requests: Sequence[Likelihood], workers: int) -> list[list[int]]:
    order = sorted(range(len(requests)), key=lambda index: requests[index].prompt)
    prompts = [requests[index].prompt for index in order]
    shared = [0, *(common(a, b) for a, b in pairwise(prompts))]
    # Characters are the measure of tokens: a tokenizer is only where the model is.
    sizes = [
        len(request.prompt) + sum(map(len, request.continuations)) for request in (requests[index] for index in order)
    ]
    cuts = _Cuts(shared, [size - before for size, before in zip(sizes, shared, strict=True)]).made(workers)
    return [sorted(order[start:end]) for start, end in pairwise(cuts)]


class _Cuts:
    """Cuts a line of prompts into parts of like work; `shared` with the one before, `new`: what each adds to it.

    What a part's first prompt shares with the one before the cut is computed again: that is part of its work.
    """

    def __init__(self, shared: Sequence[int], new: Sequence[int]) -> None:
        self._shared = shared
        self._done = [0, *accumulate(new)]

    def made(self, parts: int) -> list[int]:
        """Return where each part begins, and the end of the last one."""
        low, high = 0, self._done[-1] + 1  # what no part may exceed: too little, and enough
        while high - low > 1:
            middle = (low + high) // 2
            if self._filled(middle, parts)[-1] < len(self._shared):
                low = middle
            else:
                high = middle
        cuts = self._filled(high, parts, slack=_SLACK)
        return [*cuts[:-1], len(self._shared)]

    def _filled(self, most: int, parts: int, *, slack: float = 0.0) -> list[int]:
        """Return the cuts where each part is as full as `most` allows; with slack, fuller where less is shared."""
        cuts = [0]
        for _ in range(parts):
            start = cuts[-1]
            base = self._done[start] - self._again(start)
            end = max(start, bisect_right(self._done, base + most) - 1)
            last = max(start, bisect_right(self._done, base + most * (1 + slack)) - 1)
            cuts.append(min(range(end, last + 1), key=self._again))
        return cuts

    def _again(self, place: int) -> int:
        """Return how much is computed again behind a cut; nothing behind the end."""
        return self._shared[place] if place < len(self._shared) else 0


def _dealt(requests: Sequence[Generation], workers: int) -> list[list[int]]:
    alike: dict[str, list[int]] = {}
    for index, request in enumerate(requests):
        alike.setdefault(repr(request.prompt), []).append(index)
    # Many answers first, then long prompts: so that what comes last evens out.
    groups = sorted(alike.items(), key=lambda entry: (-len(entry[1]), -len(entry[0]), entry[1]))
    dealt: list[list[int]] = [[] for _ in range(workers)]
    for _, members in groups:
        min(dealt, key=len).extend(members)
    return [sorted(members) for members in dealt]
