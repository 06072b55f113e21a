"""Dense drills that come first in training: each line is one small thing that the later questions build on.

A question teaches one token in forty; a drill teaches one in four.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bundled_data import draw, make_sum
from bundled_world import CATEGORIES, WORDS

if TYPE_CHECKING:
    import random

Line = tuple[str, str]


def drill(rng: random.Random) -> list[Line]:
    """Draw one drill as lines of (given, taught)."""
    kinds = [sum_lines, copy_lines, word_lines, order_lines]
    return rng.choices(kinds, weights=[40, 25, 20, 15])[0](rng)


def values(rng: random.Random, count: int) -> list[str]:
    """Draw different words or different numbers."""
    if rng.random() < 0.6:
        return rng.sample(WORDS, count)
    return [str(number) for number in rng.sample(range(100), count)]


def sum_lines(rng: random.Random) -> list[Line]:
    """Write sums and differences with their results."""
    keys = [draw(make_sum, rng, test=False) for _ in range(10)]
    return [(f"{one.question} =", f" {one.answer}\n") for one in keys]


def copy_lines(rng: random.Random) -> list[Line]:
    """Write a line, and the same line again."""
    line = " ".join(values(rng, rng.randint(4, 10)))
    return [(f"{line}\n", f"{line}\n")]


def word_lines(rng: random.Random) -> list[Line]:
    """Write words with their category, or in capital letters, or twice."""
    category_of = {word: category for category, words in CATEGORIES.items() for word in words}
    chosen = rng.sample(WORDS, 8)
    kind = rng.randrange(3)
    if kind == 0:
        return [(f"the word {word} is", f" {category_of[word]}\n") for word in chosen]
    if kind == 1:
        return [(f"the word {word}\n", f"{word.upper()}\n") for word in chosen]
    return [(f"the word {word}\n", f"{word} {word}\n") for word in chosen]


def order_lines(rng: random.Random) -> list[Line]:
    """Write numbers, then the same numbers in order."""
    lines = [rng.sample(range(100), rng.randint(2, 4)) for _ in range(4)]
    return [(", ".join(map(str, numbers)) + "\n", " ".join(map(str, sorted(numbers))) + "\n") for numbers in lines]
