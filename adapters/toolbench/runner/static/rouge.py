"""ROUGE-L as the package `rouge` 1.0.1 computes it for whole summaries, which is what published numbers are made of.

Not the definition of Lin (2004): the longest common subsequences of every pair of sentences are united as sets of
words, and precision and recall are shares of distinct words. Sentences end at each full stop.
"""

from __future__ import annotations

from collections.abc import Sequence

_EPSILON = 1e-8


class NoWordsError(ValueError):
    """A text has no sentence."""


def rouge_l(hypothesis: str, reference: str) -> float:
    """Return the F measure, from 0 to just below 1.

    Raises:
        NoWordsError: one of the texts is nothing but full stops.
    """
    said, meant = _sentences(hypothesis), _sentences(reference)
    common: set[str] = set()
    for wanted in meant:
        for sentence in said:
            common |= _common_words(wanted, sentence)
    precision = len(common) / len(_words(said))
    recall = len(common) / len(_words(meant))
    return 2.0 * ((precision * recall) / (precision + recall + _EPSILON))


def _sentences(text: str) -> list[list[str]]:
    found = [" ".join(piece.split()).split(" ") for piece in text.split(".") if piece]
    if not found:
        raise NoWordsError("there are no words in it")
    return found


def _words(sentences: Sequence[Sequence[str]]) -> set[str]:
    return {word for sentence in sentences for word in sentence}


def _common_words(left: Sequence[str], right: Sequence[str]) -> set[str]:
    """Return the words of one longest common subsequence: of several, the one that is found from the ends."""
    lengths = _lengths(left, right)
    row, column, found = len(left), len(right), set[str]()
    while row and column:
        if left[row - 1] == right[column - 1]:
            row, column = row - 1, column - 1
            found.add(left[row])
        elif lengths[row - 1][column] > lengths[row][column - 1]:
            row -= 1
        else:
            column -= 1
    return found


def _lengths(left: Sequence[str], right: Sequence[str]) -> list[list[int]]:
    """Return the length of the longest common subsequence of every pair of beginnings."""
    table = [[0] * (len(right) + 1)]
    for word in left:
        above, row = table[-1], [0]
        for column, other in enumerate(right):
            row.append(above[column] + 1 if word == other else max(above[column + 1], row[column]))
        table.append(row)
    return table
