"""Made-up requests for log-likelihoods, in the shapes of known benchmarks; words are drawn as Zipf's law has them."""

from __future__ import annotations

import random
from typing import NamedTuple

LETTERS = (" A", " B", " C", " D")
Request = tuple[str, tuple[str, ...]]  # a context and its continuations


class Set(NamedTuple):
    """A set of requests: how many questions, how many shots, and the ratio that is wanted."""

    name: str
    questions: int
    shots: int
    wanted: float


SETS = (
    Set("choice, 5-shot", 300, 5, 6.0),
    Set("hellaswag-like, 10-shot", 200, 10, 15.0),
    Set("ARC-like, 0-shot", 300, 0, 4.0),
    Set("hellaswag-like, 0-shot", 100, 0, 2.0),
)


class Words:
    """Sentences of made-up words, a few of them frequent as in a language."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        syllables = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "an", "er", "is")]
        self._words = ["".join(self._random.choices(syllables, k=self._random.randint(1, 3))) for _ in range(4000)]
        self._weights = [1 / (rank + 3) for rank in range(len(self._words))]

    def some(self, least: int, most: int) -> str:
        return " ".join(self._random.choices(self._words, self._weights, k=self._random.randint(least, most)))


def requests(entry: Set) -> list[Request]:
    """Return a set's requests, the same every time."""
    words = Words(sum(entry.name.encode()))
    make = {"c": _choice, "h": _ending, "A": _science}[entry.name[0]]
    shots = [make(words) for _ in range(entry.shots)]
    head = "".join(context + options[0] + "\n\n" for context, options in shots)
    return [(head + context, options) for context, options in (make(words) for _ in range(entry.questions))]


def _choice(words: Words) -> Request:
    options = "".join(f"\n{letter.strip()}. {words.some(1, 8)}" for letter in LETTERS)
    return f"{words.some(8, 30)}?{options}\nAnswer:", LETTERS


def _science(words: Words) -> Request:
    return f"Question: {words.some(12, 32)}?\nAnswer:", tuple(f" {words.some(1, 9)}" for _ in LETTERS)


def _ending(words: Words) -> Request:
    return f"{words.some(2, 3)}: {words.some(20, 70)}.", tuple(f" {words.some(12, 32)}." for _ in LETTERS)
