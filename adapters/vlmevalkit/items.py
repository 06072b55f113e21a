"""What VLMEvalKit says of each sample: what was read out of its answer, its score, and whether a judge failed at it.

    hit           hit 0 or 1, and how the answer was matched: MCQ; of rotations, one row for all of a question
    extracted     Yes, No or Unknown, and whether that is right
    best_match    a list with a match for each right answer: the best of them counts
    mean_match    the same, their mean
    distance      the same with distances of texts: 1 - the least of them, 0 where that is below one half
    graded        the judge's grade, 0 to 1
    read          what the judge, or matching, read out of the answer; whether that is right is nowhere
    rated         the judge's rating, 1 to 10; -1 where it gave none
    compared      what the judge read out of the answer, and how that compares with the right one

A row that is none of these says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from adapters.vlmevalkit.output import Row
from adapters.vlmevalkit.schemes import ItemKind

# VLMEvalKit's own words, in its column `log`.
_UNMATCHED = "no GPT-based answer matching"
_GUESSED = "randomly generate one"
_GAVE_UP = "All 5 retries failed"

_LIST = re.compile(r"\[[-+.,eE\d\sTruFals]*\]")
_NUMBER = re.compile(r"True|False|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_LEAST_SIMILAR = 0.5  # as ANLS has it: Biten et al. 2019, Scene Text Visual Question Answering
_HIGHEST_RATING = 10.0


class Item(NamedTuple):
    """One sample: what was read out of its answer, and its score in 0-1; None where nothing is said.

    Attributes:
        unread: nothing could be read out of the answer, so that it counts as wrong.
        unjudged: the judge came to no verdict; the score is chance, or none.
    """

    answer: str | None = None
    score: float | None = None
    unread: bool = False
    unjudged: bool = False


def item(kind: ItemKind, row: Row) -> Item:
    """Return what a row of VLMEvalKit's says."""
    return _READERS[kind](row)


def _hit(row: Row) -> Item:
    log = row.get("log", "")
    return Item(score=_number(row.get("hit")), unread=_UNMATCHED in log, unjudged=_GUESSED in log)


def _extracted(row: Row) -> Item:
    answer = row.get("extracted", "")
    return Item(answer, _number(row.get("score")), unread=answer == "Unknown")


def _best_match(row: Row) -> Item:
    return Item(row.get("eval_pred"), _over(row, max))


def _mean_match(row: Row) -> Item:
    return Item(row.get("eval_pred"), _over(row, lambda found: sum(found) / len(found)))


def _distance(row: Row) -> Item:
    similar = _over(row, lambda found: 1 - min(found))
    score = 0.0 if similar is not None and similar < _LEAST_SIMILAR else similar
    return Item(row.get("eval_pred"), score)


def _graded(row: Row) -> Item:
    return Item(score=_number(row.get("score")), unjudged=_GAVE_UP in row.get("log", ""))


def _read(row: Row) -> Item:
    answer = row.get("res", "")
    return Item(answer or None, unread=not answer, unjudged=_GAVE_UP in row.get("log", ""))


def _rated(row: Row) -> Item:
    rating = _number(row.get("score"))
    given = rating is not None and rating >= 0
    return Item(score=rating / _HIGHEST_RATING if rating is not None and given else None, unjudged=not given)


def _compared(row: Row) -> Item:
    answer = row.get("pred", "")
    score = _number(row.get("score", row.get("anls")))
    return Item(answer or None, score, unread=not answer, unjudged=_GAVE_UP in row.get("log", ""))


_READERS: Mapping[ItemKind, Callable[[Row], Item]] = {
    "hit": _hit,
    "extracted": _extracted,
    "best_match": _best_match,
    "mean_match": _mean_match,
    "distance": _distance,
    "graded": _graded,
    "read": _read,
    "rated": _rated,
    "compared": _compared,
}


def _over(row: Row, how: Callable[[list[float]], float]) -> float | None:
    """Return one number of those in the list that VLMEvalKit wrote as a text."""
    text = row.get("eval_match", "")
    found = [_number(one) or 0.0 for one in _NUMBER.findall(text)] if _LIST.fullmatch(text) else []
    return float(how(found)) if found else None


def _number(text: str | None) -> float | None:
    if text in {"True", "False"}:
        return float(text == "True")
    try:
        return float(text or "")
    except ValueError:
        return None
