"""Score one outcome: from what a model answered to this sample's numbers; only programs need more than reading it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from adapters.native.contract import NativeDataset
from adapters.native.evaluator import texts
from adapters.native.evaluator.extract import extract_letter, without_thoughts
from adapters.native.evaluator.items import Item
from adapters.native.evaluator.numbers import extract_number, same_number
from adapters.native.evaluator.programs import extract_program, problem_of, verdict_on
from adapters.native.evaluator.request import Outcome

_TEXT_METRICS: Mapping[str, Callable[[str, Sequence[str]], float]] = {
    "exact_match": texts.exact_match,
    "f1": texts.f1,
    "rouge_l": texts.rouge_l,
    "bleu": texts.bleu,
}


@dataclass(frozen=True)
class Scored:
    """What was read out of an answer (None: nothing, counted as unparsed and wrong) and what it is worth.

    `why`: why a program failed its tests.
    """

    answer: str | None
    prediction: str
    scores: Mapping[str, float]
    why: str = ""


def score(item: Item, outcome: Outcome, dataset: NativeDataset) -> Scored:
    """Return the scores of an answered sample; an empty answer is an answer, and wrong."""
    if dataset.scoring == "choice":
        return _choice(item, outcome)
    if dataset.scoring == "continuation":
        return _continuation(item, outcome)
    return _generated(item, outcome, dataset)


def _choice(item: Item, outcome: Outcome) -> Scored:
    label = item.options[_argmax(outcome.likelihoods)].label
    return Scored(label, label, {"accuracy": float(label == item.gold)})


def _continuation(item: Item, outcome: Outcome) -> Scored:
    """Score `accuracy` by the raw log-likelihood and `acc_norm` by it over the option's length.

    The length is that of the option's text in characters, without the blank in front: lm-eval's `acc_norm`.
    """
    likelihoods = outcome.likelihoods
    normed = [value / max(1, len(option.text)) for value, option in zip(likelihoods, item.options, strict=True)]
    chosen, normed_chosen = item.options[_argmax(likelihoods)], item.options[_argmax(normed)]
    scores = {"accuracy": float(chosen.label == item.gold), "acc_norm": float(normed_chosen.label == item.gold)}
    return Scored(chosen.label, chosen.text, scores)


def _generated(item: Item, outcome: Outcome, dataset: NativeDataset) -> Scored:
    if dataset.way.extract == "code":
        return _judged(item, outcome, dataset)
    answer = _extracted(item, outcome.text, dataset)
    if dataset.way.extract == "text":
        scores = {name: _TEXT_METRICS[name](answer or "", item.accepted) for name in dataset.way.metrics}
    else:
        scores = {"accuracy": float(answer is not None and _right(item, answer, dataset))}
    return Scored(answer, outcome.text, scores)


def _judged(item: Item, outcome: Outcome, dataset: NativeDataset) -> Scored:
    problem = problem_of(item.row, dataset.columns, item.id)
    program = extract_program(outcome.text, problem)
    if program is None:
        return Scored(None, outcome.text, dict.fromkeys(dataset.way.metrics, 0.0))
    verdict = verdict_on(program, problem, time_s=dataset.program_timeout_s)
    return Scored(program, outcome.text, dict.fromkeys(dataset.way.metrics, float(verdict.passed)), why=verdict.why)


def _extracted(item: Item, text: str, dataset: NativeDataset) -> str | None:
    if dataset.way.extract == "letter":
        return extract_letter(text, "".join(option.label for option in item.options))
    if dataset.way.extract == "number":
        return extract_number(without_thoughts(text))
    return without_thoughts(text).strip() or None


def _right(item: Item, answer: str, dataset: NativeDataset) -> bool:
    return same_number(answer, item.gold) if dataset.way.extract == "number" else answer == item.gold


def _argmax(values: Sequence[float]) -> int:
    return max(range(len(values)), key=values.__getitem__)
