"""Every question of an evaluation with its right answer and plausible wrong ones, for the mock server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from adapters.native.catalog import benchmarks
from adapters.native.contract import NativeDataset
from adapters.native.evaluator.dataset import load_subsets
from adapters.native.evaluator.errors import EvaluationError
from adapters.native.evaluator.items import Item
from adapters.native.evaluator.numbers import MARK, same_number
from adapters.native.evaluator.prompts import Prompter
from adapters.native.gold_instructions import follow, neglect
from adapters.native.translate import native_dataset
from hub.adapter import DatasetRequest, Evaluation, Gold
from hub.errors import PrerequisiteError

_WRONG_TEXTS = 3
_NO_ANSWER = "I do not know."


def read_gold(evaluation: Evaluation, data: Mapping[str, Path]) -> Iterator[Gold]:
    """Yield every question in each form in which it may be asked: chat turn, raw prompt, prompt for likelihoods.

    Raises:
        PrerequisiteError: the data cannot be read here.
    """
    for request in evaluation.datasets:
        yield from _readable(request, evaluation, data)


def _readable(request: DatasetRequest, evaluation: Evaluation, data: Mapping[str, Path]) -> Iterator[Gold]:
    try:
        yield from _dataset(request, evaluation, data)
    except EvaluationError as error:
        raise PrerequisiteError(f"{request.label}: {error.reason}", hint=error.hint) from error
    except ModuleNotFoundError as error:
        message = f"{request.label}: reading its data needs the package {error.name}"
        raise PrerequisiteError(message, hint=f"pip install {error.name}") from error


def _dataset(request: DatasetRequest, evaluation: Evaluation, data: Mapping[str, Path]) -> Iterator[Gold]:
    # Generation first: its form of an answer also serves prompts that only share the question.
    ways = sorted(benchmarks()[request.name].ways, key=lambda way: way != "generate")
    forms = [native_dataset(replace(request, scoring=way, few_shot=0), evaluation) for way in ways]
    subsets = load_subsets(forms[0], data[forms[0].path], seed=evaluation.seed)
    for form in forms:
        for chat in (True, False) if form.scoring == "generate" else (False,):
            prompter = Prompter(form, chat=chat)
            for subset in subsets:
                yield from _questions(form, prompter, f"{request.label}/{subset.name}", subset.items)


def _questions(form: NativeDataset, prompter: Prompter, group: str, items: Sequence[Item]) -> Iterator[Gold]:
    if benchmarks()[form.benchmark].kind == "instructions":
        items = [replace(item, solution=follow(item)) for item in items]
    for place, item in enumerate(items):
        if not item.solution:  # no rule finds an answer to these instructions
            continue
        prompt, right = prompter.example(item)
        others = _others(form, item, [*items[place + 1 :], *items[:place]])
        wrong = tuple(dict.fromkeys(prompter.example(other)[1] for other in others))
        yield Gold(group, item.id, prompt, item.question, right, wrong or (_NO_ANSWER,))


def _others(form: NativeDataset, item: Item, rest: Sequence[Item]) -> list[Item]:
    """Return the item with other answers: each other option, a number nearby, the answer to another question."""
    item = replace(item, reasoning="")
    match benchmarks()[form.benchmark].kind:
        case "multiple_choice":
            options = [option for option in item.options if option.label != item.gold]
            return [replace(item, gold=option.label, solution=option.text) for option in options]
        case "number":
            return [replace(item, gold=number, solution=_with_number(item, number)) for number in _near(item.gold)]
        case "maths":
            return [replace(item, solution=f"\\boxed{{{item.gold}+{slip}}}") for slip in range(1, 1 + _WRONG_TEXTS)]
        case "instructions":
            return [replace(item, solution=neglect(item))]
        case _:
            return _of_others(item, rest)


def _of_others(item: Item, rest: Sequence[Item]) -> list[Item]:
    accepted = {" ".join(text.split()).casefold() for text in item.accepted}
    texts = dict.fromkeys(other.solution for other in rest[: 16 * _WRONG_TEXTS])
    wrong = [text for text in texts if " ".join(text.split()).casefold() not in accepted]
    return [replace(item, solution=text) for text in wrong[:_WRONG_TEXTS]]


def _near(gold: str) -> list[str]:
    """Return numbers that a slip would give: off by one, by ten, a digit too many."""
    whole, point, decimals = gold.partition(".")
    tail = point + decimals
    value = int(whole or 0)
    slips = (f"{value + 1}{tail}", f"{value - 1}{tail}", f"{value + 10}{tail}", f"{value}0{tail}")
    return [slip for slip in slips if not same_number(slip, gold)]


def _with_number(item: Item, number: str) -> str:
    reasoning = item.solution.rsplit(MARK, 1)[0].rstrip() if MARK in item.solution else ""
    return f"{reasoning}\n{MARK} {number}".lstrip()
