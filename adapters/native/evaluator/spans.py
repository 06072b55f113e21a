"""Compare an answer with ones of several spans, as DROP's own metric does: spans are paired off, then averaged.

Paper: Dua et al. 2019, arXiv:1903.00161, section 5. Their program takes the spans of a system; a text that a model
wrote is read as one span or, at commas, semicolons and "and", as several, and the better of both readings counts.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence
from itertools import product

Spans = Sequence[str]
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
_BETWEEN = re.compile(r"\s*(?:[,;]\s|\n|\band\b|&)\s*")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def exact_match_spans(text: str, answers: Sequence[Spans]) -> float:
    """Return 1 where the text has the very spans of one of the answers, in any order, after normalisation."""
    return _best(lambda said, wanted: float(sorted(said) == sorted(wanted)), text, answers)


def f1_spans(text: str, answers: Sequence[Spans]) -> float:
    """Return the F1 of words over spans that are paired so that it is highest, to two decimals as theirs.

    A span with a number in it only pairs with one that has the same number.
    """
    return _best(_f1, text, answers)


def _best(compare: Callable[[list[str], list[str]], float], text: str, answers: Sequence[Spans]) -> float:
    readings = [_normalised([text]), _normalised(_BETWEEN.split(text))]
    wanted = [spans for spans in map(_normalised, answers) if spans]
    return max((compare(said, spans) for said, spans in product(readings, wanted) if said), default=0.0)


def _normalised(spans: Spans) -> list[str]:
    return [found for found in map(_normal, spans) if found]


def _normal(span: str) -> str:
    words = (_word(word) for word in re.split(r"[\s-]", span.lower()))
    return " ".join(word for word in words if word)


def _word(word: str) -> str:
    if not _is_number(word):
        word = word.translate(_PUNCTUATION)
    return str(float(word)) if _is_number(word) else _ARTICLE.sub(" ", word).strip()


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _f1(said: list[str], wanted: list[str]) -> float:
    pairs = [[_of_words(set(a.split()), set(b.split())) for b in said] for a in wanted]
    return round(_highest_sum(pairs) / max(len(said), len(wanted)), 2)


def _of_words(wanted: set[str], said: set[str]) -> float:
    numbers = set(filter(_is_number, wanted))
    if numbers and not numbers & said:
        return 0.0
    return 2 * len(wanted & said) / (len(wanted) + len(said))


def _highest_sum(scores: list[list[float]]) -> float:
    """Return the highest sum of scores where each row has a column of its own: Kuhn 1955, by shortest paths."""
    rows = scores if len(scores) <= len(scores[0]) else [list(column) for column in zip(*scores, strict=True)]
    width = len(rows[0])
    row_of = [-1] * (width + 1)  # the last column is where each new row begins
    high, low = [0.0] * len(rows), [0.0] * (width + 1)
    for new in range(len(rows)):
        row_of[width] = new
        _place(rows, row_of, high, low)
    return sum(rows[row][column] for column, row in enumerate(row_of[:width]) if row >= 0)


def _place(rows: list[list[float]], row_of: list[int], high: list[float], low: list[float]) -> None:
    """Give the row at the last column of `row_of` a column, moving others; `high` and `low` are the potentials."""
    width = len(rows[0])
    far, came, done = [float("inf")] * width, [width] * width, set[int]()
    column = width
    while row_of[column] >= 0:
        done.add(column)
        row = row_of[column]
        for other in set(range(width)) - done:
            cost = -rows[row][other] - high[row] - low[other]
            if cost < far[other]:
                far[other], came[other] = cost, column
        column = min(set(range(width)) - done, key=far.__getitem__)
        step = far[column]
        for seen in done:
            high[row_of[seen]] += step
            low[seen] -= step
        for other in set(range(width)) - done:
            far[other] -= step
    while column != width:
        row_of[column] = row_of[came[column]]
        column = came[column]
