"""Find the same question in the prompts of two backends, which word it differently. Pure.

Every backend puts its own words around a question: an instruction, worked examples, labels of options. What is in
most prompts of a data set says nothing of one question, so a prompt is taken as its other words and pairs of words,
each with the weight of its rarity (inverse document frequency, Sparck Jones 1972). Two prompts ask one question where
what they share has enough weight beside the whole of both (the cosine of sets: Ochiai 1957), and where each is the
other's best match by a margin. What has no such match stays unmatched, and that is said: a wrong pair would be a
disagreement that nobody had.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

_IDEOGRAPH = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"  # written without spaces: each sign is a word here
_WORD = re.compile(rf"[{_IDEOGRAPH}]|[^\W{_IDEOGRAPH}]+")
_ENOUGH = 0.5  # likeness of two prompts that ask the same question
_MARGIN = 1.02  # how much better the best match is than the next
_FREQUENT = 0.5  # what is in more of the prompts than this is the data set's, not the question's
_CANDIDATES = 64  # what stands in more prompts than this finds no candidate, though it counts for one that was found

Features = frozenset[str]


class _Side(NamedTuple):
    """One backend's prompts: their features, each kind once, and which prompts have them."""

    kinds: list[Features]
    places: list[list[int]]
    sizes: list[float]
    having: Mapping[str, list[int]]


def same_questions(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int]]:
    """Return pairs of positions in `left` and `right` whose prompts ask the same question, in the order of `left`.

    Prompts that are alike word for word are paired in their order.
    """
    features = [_telling(prompts) for prompts in (left, right)]
    weights = _weights([*features[0], *features[1]])
    mine, theirs = (_side(each, weights) for each in features)
    there, back = _best(mine, theirs, weights), _best(theirs, mine, weights)
    return sorted(
        pair
        for index, found in there.items()
        if back.get(found) == index
        for pair in zip(mine.places[index], theirs.places[found], strict=False)
    )


def _telling(prompts: Sequence[str]) -> list[Features]:
    """Return each prompt's features without those that the data set's prompts have in common."""
    begin = _common_start(min(prompts, default=""), max(prompts, default=""))
    features = [_features(prompt[begin:]) for prompt in prompts]
    counted = Counter(feature for kind in set(features) for feature in kind)
    most = max(1.0, _FREQUENT * len(set(features)))
    return [frozenset(feature for feature in each if counted[feature] <= most) for each in features]


def _common_start(first: str, last: str) -> int:
    """Return where the sorted prompts' first and last part, at the beginning of a word: worked examples are long."""
    if first == last:
        return 0
    pairs = enumerate(zip(first, last, strict=False))
    place = next((at for at, (one, other) in pairs if one != other), min(len(first), len(last)))
    while place and first[place - 1].isalnum():  # prompts may part in the middle of a number
        place -= 1
    return place


def _features(prompt: str) -> Features:
    words = _WORD.findall(prompt.casefold())
    return frozenset([*words, *(f"{first} {second}" for first, second in pairwise(words))])


def _weights(prompts: Sequence[Features]) -> dict[str, float]:
    counted = Counter(feature for features in prompts for feature in features)
    return {feature: math.log(1 + len(prompts) / count) for feature, count in counted.items()}


def _side(prompts: Sequence[Features], weights: Mapping[str, float]) -> _Side:
    places: dict[Features, list[int]] = defaultdict(list)
    for position, features in enumerate(prompts):
        if features:
            places[features].append(position)
    having: dict[str, list[int]] = defaultdict(list)
    for index, features in enumerate(places):
        for feature in features:
            having[feature].append(index)
    return _Side(list(places), list(places.values()), [_weight(kind, weights) for kind in places], having)


def _weight(features: Features, weights: Mapping[str, float]) -> float:
    return sum(weights[feature] for feature in sorted(features))


def _best(mine: _Side, theirs: _Side, weights: Mapping[str, float]) -> dict[int, int]:
    """Return for each of `mine` the one of `theirs` that is like enough, and more so than any other."""
    found = {}
    for index in range(len(mine.kinds)):
        ranked = sorted(_likenesses(index, mine, theirs, weights), reverse=True)
        if ranked and ranked[0][0] >= _ENOUGH and (len(ranked) == 1 or ranked[0][0] > _MARGIN * ranked[1][0]):
            found[index] = ranked[0][1]
    return found


def _likenesses(index: int, mine: _Side, theirs: _Side, weights: Mapping[str, float]) -> Iterator[tuple[float, int]]:
    """Yield the likeness, 0 to 1, of each prompt that has something rare in common with one of `mine`."""
    features = mine.kinds[index]
    lists = (theirs.having.get(feature, []) for feature in features)
    for other in {found for having in lists if len(having) <= _CANDIDATES for found in having}:
        shared = _weight(features & theirs.kinds[other], weights)
        yield shared / math.sqrt(mine.sizes[index] * theirs.sizes[other]), other
