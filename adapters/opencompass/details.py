"""What OpenCompass says of each sample, in the five shapes in which its evaluators say it.

    {"type": "GEN", "0": {"prompt", "origin_prediction", "predictions", "references"}}     most evaluators
    {"type": "GEN", "0": {..., "correct": true}}                                           those that look closer
    {"0": {"prompt", "pred", "refr", "is_correct"}}                                        mmlu, race, GaokaoBench
    {"type": "PPL", "0": {"origin_prediction", "predictions", "references", "correct"}}    options compared
    {"0": {"task_id", "completion", "passed"}}, {"0": {"programs", "is_correct"}}          humaneval, mbpp

Some are lists instead. A shape that is none of them says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from adapters.opencompass.figures import Figure
from adapters.opencompass.output import PartOutput
from adapters.opencompass.shipped import counts_right_answers

_ROUNDING = 5.1e-5  # P-MMEval rounds its percentages to two digits
_ANSWERS = ("predictions", "pred", "extracted", "result")
_GOLDS = ("references", "refr")
_VERDICTS = ("correct", "is_correct", "passed")


class Verdict(NamedTuple):
    """What was read out of an answer, what would have been right, and whether it was; None where nothing is said."""

    answer: str | None = None
    gold: str | None = None
    correct: bool | None = None


def verdicts(details: object) -> Mapping[str, Verdict]:
    """Return the verdict on each sample by its number; what else stands there is of no sample."""
    if isinstance(details, Sequence) and not isinstance(details, str):
        details = {str(index): entry for index, entry in enumerate(details)}
    if not isinstance(details, Mapping):
        return {}
    numbered = {index: entry for index, entry in details.items() if index.isdecimal()}
    return {index: _verdict(entry) for index, entry in numbered.items() if isinstance(entry, Mapping)}


def share_right(found: Mapping[str, Verdict], part: PartOutput, headline: Figure) -> float | None:
    """Return the share of samples that are right; None where the headline is another number than that.

    It is one if its evaluator counts right answers, if something is said of every sample, and if that adds up to it.
    Where an evaluator only gives both texts, they are compared: some compare otherwise, and then it does not.
    """
    judged = [is_right(verdict) for verdict in found.values()]
    if not counts_right_answers(part.evaluators) or len(judged) != part.planned or not judged or None in judged:
        return None
    share = sum(map(bool, judged)) / part.planned
    return share if headline.value is not None and abs(share - headline.value) < _ROUNDING else None


def is_right(verdict: Verdict) -> bool | None:
    """Return whether an answer is right, None where that cannot be told."""
    if verdict.correct is not None or verdict.answer is None or verdict.gold is None:
        return verdict.correct
    return verdict.answer == verdict.gold


def _verdict(entry: Mapping[str, Any]) -> Verdict:
    answer, gold, correct = (_first(entry, keys) for keys in (_ANSWERS, _GOLDS, _VERDICTS))
    return Verdict(
        None if answer is None else _text(answer),
        None if gold is None else _text(gold),
        correct if isinstance(correct, bool) else None,
    )


def _first(entry: Mapping[str, Any], keys: Sequence[str]) -> object:
    return next((entry[key] for key in keys if key in entry), None)


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value)
