"""ROUGE-L as the package `rouge` 1.0.1 computes it for whole summaries, which is what published numbers are made of.

Not the definition of Lin (2004): the longest common subsequences of every pair of sentences are united as sets of
words, and precision and recall are shares of distinct words. Sentences end at each full stop.
"""

from __future__ import annotations

from collections.abc import Iterable

Sentence = tuple[str, ...]
_EPSILON = 1e-8


class NoWordsError(ValueError):
    """A text has no sentence."""


def rouge_l(hypothesis: str, reference: str) -> float:
    """Return the F measure, from 0 to just below 1.

    Raises:
        NoWordsError: one of the texts is nothing but full stops.
    """
    said, meant = _sentences(hypothesis), _sentences(reference)
    words_said, words_meant = _words(said), _words(meant)
    common = _united(dict.fromkeys(meant), dict.fromkeys(said))
    precision = len(common) / len(words_said)
    recall = len(common) / len(words_meant)
    return 2.0 * ((precision * recall) / (precision + recall + _EPSILON))


def _sentences(text: str) -> list[Sentence]:
    found = [tuple(" ".join(piece.split()).split(" ")) for piece in text.split(".") if piece]
    if not found:
        raise NoWordsError("there are no words in it")
    return found


def _words(sentences: Iterable[Sentence]) -> set[str]:
    return {word for sentence in sentences for word in sentence}


def _united(meant: Iterable[Sentence], said: Iterable[Sentence]) -> set[str]:
    """Return the words of the longest common subsequences of all pairs; pairs that can add none are left out."""
    common: set[str] = set()
    wanted = [(sentence, frozenset(sentence)) for sentence in meant]
    for sentence in said:
        words = frozenset(sentence)
        for other, others in wanted:
            if not words & others <= common:
                common |= _common_words(other, sentence)
    return common


def _common_words(left: Sentence, right: Sentence) -> set[str]:
    """Return the words of one longest common subsequence: of several, the one that is found from the ends.

    That one goes up from a place in the table of lengths where the row grows there, else to the left. A column whose
    word is not in `left` never grows, and is left out.
    """
    known = frozenset(left)
    right = tuple(word for word in right if word in known)
    growth = _growth(left, right)
    row, column, found = len(left), len(right), set[str]()
    while row and column:
        place = column - 1
        if left[row - 1] == right[place]:
            row, column = row - 1, place
            found.add(left[row])
        elif growth[row - 1][place >> 3] >> (place & 7) & 1:
            row -= 1
        else:
            column = place
    return found


def _growth(left: Sentence, right: Sentence) -> list[bytes]:
    """Return for every beginning of `left` at which words of `right` the longest common subsequence grows, as bits.

    A whole row at a time (Hyyro 2004, "Bit-parallel LCS-length computation revisited"), so that an answer of a
    megabyte takes no minutes: the table would have a number for each pair of words.
    """
    size = (len(right) + 7) // 8
    marks = {word: bytearray(size) for word in right}
    for place, word in enumerate(right):
        marks[word][place >> 3] |= 1 << (place & 7)
    places = {word: int.from_bytes(bits, "little") for word, bits in marks.items()}
    whole = (1 << len(right)) - 1
    level, rows = whole, []
    for word in left:
        same = level & places.get(word, 0)
        level = (level + same | level - same) & whole
        rows.append((whole ^ level).to_bytes(size, "little"))
    return rows
