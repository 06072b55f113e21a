"""Count the sentences of a text and name its language, for instructions about them."""

from __future__ import annotations

import re

_CLOSING = "[\"'\u201d\u2019)\\]*]*"
_ENDS = re.compile(rf"[.!?\u3002\uff01\uff1f]+{_CLOSING}(?=\s|$)|[\u3002\uff01\uff1f]+")
# What a full stop after these ends is no sentence.
_TITLES = (
    "mr",
    "mrs",
    "ms",
    "dr",
    "prof",
    "sr",
    "jr",
    "st",
    "vs",
    "etc",
    "no",
    "inc",
    "ltd",
    "co",
    "fig",
    "gen",
    "col",
)
_ABBREVIATIONS = frozenset((*_TITLES, "rev", "hon", "e.g", "i.e", "a.m", "p.m", "u.s", "u.k", "ph.d"))
_LAST_WORD = re.compile("([^\\s(\\[\"'\u201c]+)$")


def count_sentences(text: str) -> int:
    """Return how many sentences a text has: parts that end with a mark, and the rest behind the last one.

    Rules in place of NLTK's trained splitter, which needs data that nobody has offline: a full stop ends no sentence
    behind an initial, a usual abbreviation or the number of a list.
    """
    count, start = 0, 0
    for end in _ENDS.finditer(text):
        if end.group()[0] == "." and _abbreviates(text[start : end.start()]):
            continue
        count += any(character.isalnum() for character in text[start : end.end()])
        start = end.end()
    return count + any(character.isalnum() for character in text[start:])


def _abbreviates(before: str) -> bool:
    last = _LAST_WORD.search(before)
    if last is None:
        return False
    word = last[1]
    numbered = word.isdigit() and not before[: last.start()].rpartition("\n")[2].strip()
    return numbered or word.lower() in _ABBREVIATIONS or (len(word) == 1 and word.isupper() and word != "I")


def language_of(text: str) -> str | None:
    """Return the ISO 639-1 code of a text's language by langdetect, None where it has nothing to go by.

    The package draws at random; with its seed set, the same text has the same language.
    """
    from langdetect import DetectorFactory, LangDetectException, detect

    DetectorFactory.seed = 0
    try:
        return str(detect(text))
    except LangDetectException:
        return None
