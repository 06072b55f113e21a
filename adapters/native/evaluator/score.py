"""Score one outcome: from what a model answered to this sample's numbers; only programs need more than reading it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from adapters.native.catalog import Extraction
from adapters.native.contract import NativeDataset
from adapters.native.evaluator import instructions, spans, texts
from adapters.native.evaluator.extract import extract_answer, extract_maths
from adapters.native.evaluator.items import Item
from adapters.native.evaluator.letters import extract_letter
from adapters.native.evaluator.likelihoods import likeliest, likeliest_per_character, mc2, of_rests
from adapters.native.evaluator.maths import same_maths
from adapters.native.evaluator.numbers import extract_number, same_number
from adapters.native.evaluator.programs import extract_program, problem_of, verdict_on
from adapters.native.evaluator.request import Outcome
from adapters.native.evaluator.thoughts import without_thoughts

_TEXT_METRICS: Mapping[str, Callable[[str, Sequence[str]], float]] = {
    "exact_match": texts.exact_match,
    "exact_match_squad": texts.exact_match_squad,
    "exact_match_trivia": texts.exact_match_trivia,
    "exact_match_loose": texts.exact_match_loose,
    "f1": texts.f1,
    "rouge_1": texts.rouge_1,
    "rouge_2": texts.rouge_2,
    "rouge_l": texts.rouge_l,
    "bleu": texts.bleu,
}
_SPAN_METRICS: Mapping[str, Callable[[str, Sequence[Sequence[str]]], float]] = {
    "f1_spans": spans.f1_spans,
    "exact_match_spans": spans.exact_match_spans,
}


@dataclass(frozen=True)
class Scored:
    """What was read out of an answer (None: nothing, counted as unparsed and wrong) and what it is worth.

    `parts`: metrics that are means over parts of samples, e.g. over instructions: a value for each part.
    `why`: why a program failed its tests.
    """

    answer: str | None
    prediction: str
    scores: Mapping[str, float]
    parts: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    why: str = ""


def score(item: Item, outcome: Outcome, dataset: NativeDataset) -> Scored:
    """Return the scores of an answered sample; an empty answer is an answer, and wrong."""
    if dataset.scoring == "choice":
        return _choice(item, outcome)
    if dataset.scoring == "continuation":
        return _continuation(item, outcome, dataset)
    return _generated(item, outcome, dataset)


def _choice(item: Item, outcome: Outcome) -> Scored:
    label = item.options[likeliest(outcome.likelihoods)].label
    return Scored(label, label, {"accuracy": float(label == item.gold)})


def _continuation(item: Item, outcome: Outcome, dataset: NativeDataset) -> Scored:
    values = of_rests(outcome.likelihoods) if dataset.way.rest else outcome.likelihoods
    first = values[: len(item.options)]
    chosen = item.options[likeliest(first)]
    normed = item.options[likeliest_per_character(first, item.options)]
    known: Mapping[str, Callable[[], float]] = {
        "accuracy": lambda: float(chosen.label == item.gold),
        "acc_norm": lambda: float(normed.label == item.gold),
        "mc1": lambda: float(chosen.label == item.gold),
        "mc2": lambda: mc2(values, [option.label in item.accepted for option in (*item.options, *item.further)]),
    }
    return Scored(chosen.label, chosen.text, {name: known[name]() for name in dataset.way.metrics})


def _generated(item: Item, outcome: Outcome, dataset: NativeDataset) -> Scored:
    if dataset.way.extract == "code":
        return _judged(item, outcome, dataset)
    if "prompt_strict" in dataset.way.metrics:
        return _instructed(item, outcome)
    answer = _extracted(item, outcome.text, dataset.way.extract)
    if answer is None:  # and nothing is no answer, whatever a metric makes of an empty text
        scores = dict.fromkeys(dataset.way.metrics, 0.0)
    elif dataset.way.extract in {"text", "answer"}:
        scores = {name: _compared(name, answer, item) for name in dataset.way.metrics}
    else:
        scores = dict.fromkeys(dataset.way.metrics, float(_right(item, answer, dataset.way.extract)))
    return Scored(answer, outcome.text, scores)


def _compared(metric: str, answer: str, item: Item) -> float:
    if metric in _SPAN_METRICS:
        return _SPAN_METRICS[metric](answer, item.row["spans"])
    return _TEXT_METRICS[metric](answer, item.accepted)


def _judged(item: Item, outcome: Outcome, dataset: NativeDataset) -> Scored:
    problem = problem_of(item.row, dataset.columns, item.id)
    program = extract_program(outcome.text, problem)
    if program is None:
        return Scored(None, outcome.text, dict.fromkeys(dataset.way.metrics, 0.0))
    verdict = verdict_on(program, problem, time_s=dataset.program_timeout_s)
    return Scored(program, outcome.text, dict.fromkeys(dataset.way.metrics, float(verdict.passed)), why=verdict.why)


def _instructed(item: Item, outcome: Outcome) -> Scored:
    text = without_thoughts(outcome.text)
    strict, loose = instructions.strict(text, item), instructions.loose(text, item)
    scores = {"prompt_strict": float(all(strict)), "prompt_loose": float(all(loose))}
    parts = {
        "instruction_strict": tuple(map(float, strict)),
        "instruction_loose": tuple(map(float, loose)),
    }
    return Scored(text.strip() or None, outcome.text, scores, parts)


def _extracted(item: Item, text: str, extract: Extraction | None) -> str | None:
    match extract:
        case "letter":
            return extract_letter(text, "".join(option.label for option in item.options))
        case "number":
            return extract_number(without_thoughts(text))
        case "maths":
            return extract_maths(text)
        case "answer":
            return extract_answer(text)
        case _:
            return without_thoughts(text).strip() or None


def _right(item: Item, answer: str, extract: Extraction | None) -> bool:
    if extract == "number":
        return same_number(answer, item.gold)
    return same_maths(answer, item.gold) if extract == "maths" else answer == item.gold
