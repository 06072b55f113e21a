"""Turn rows into items: what a benchmark asks and what it accepts, whatever the columns are called."""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from adapters.native.catalog import Kind
from adapters.native.evaluator.errors import DataError
from adapters.native.evaluator.numbers import gold_number, without_annotations
from adapters.native.evaluator.reader import Row
from adapters.native.names import suggestion

LETTERS = string.ascii_uppercase
Columns = Mapping[str, Sequence[str]]


class Option(NamedTuple):
    """One option of a multiple-choice question: its letter and its text."""

    label: str
    text: str


@dataclass(frozen=True)
class Item:
    """One question.

    Attributes:
        id: unique in its subset.
        options: empty where the question is open.
        gold: the right letter, number or (first) accepted text.
        accepted: every text that counts as right, for open questions.
        solution: the answer as a few-shot example shows it.
        row: the row itself, for the user's own templates and the fingerprint.
    """

    id: str
    question: str
    options: tuple[Option, ...]
    gold: str
    accepted: tuple[str, ...]
    solution: str
    row: Mapping[str, Any]


def read_items(rows: Sequence[Row], kind: Kind, columns: Columns) -> list[Item]:
    """Return the items of rows, in order.

    Raises:
        DataError: a column is missing, or a row is not what the benchmark needs; names file and line.
    """
    builders = {"multiple_choice": _multiple_choice, "number": _number, "text": _text}
    ids = _ids(rows, columns)
    return [builders[kind](row, columns, name) for row, name in zip(rows, ids, strict=True)]


def _ids(rows: Sequence[Row], columns: Columns) -> list[str]:
    found = [_optional(row, columns, "id") for row in rows]
    names = [str(value).strip() for value in found]
    if all(names) and None not in found and len(set(names)) == len(names):
        return names
    return [str(index) for index in range(1, len(rows) + 1)]


def _multiple_choice(row: Row, columns: Columns, name: str) -> Item:
    question = _needed(row, columns, "question")
    if isinstance(question, Mapping):  # ARC as its authors published it
        row = Row({**row.data, **question, "question": question.get("stem", "")}, row.place)
        question = row.data["question"]
    labels, texts = _choices(row, columns)
    if not 2 <= len(texts) <= len(LETTERS):
        raise DataError(f"{row.place}: a question needs 2 to 26 options, found {len(texts)}")
    index = _answer(_needed(row, columns, "answer"), labels, texts, row)
    options = tuple(Option(letter, text) for letter, text in zip(LETTERS, texts, strict=False))
    gold = options[index]
    return Item(name, _string(question), options, gold.label, (gold.label,), gold.text, row.data)


def _choices(row: Row, columns: Columns) -> tuple[list[str], list[str]]:
    """Return the options' own labels and their texts."""
    choices = _optional(row, columns, "choices")
    if isinstance(choices, Mapping):  # Hugging Face's ARC: {"text": [...], "label": [...]}
        texts = [_string(text) for text in choices.get("text", ())]
        labels = [str(label) for label in choices.get("label", _labels(len(texts)))]
    elif isinstance(choices, Sequence) and not isinstance(choices, str):
        named = [choice if isinstance(choice, Mapping) else {"text": choice} for choice in choices]
        texts = [_string(choice.get("text", "")) for choice in named]
        labels = [str(choice.get("label", own)) for choice, own in zip(named, _labels(len(named)), strict=True)]
    elif choices is None:
        return _letter_columns(row, columns)
    else:
        raise DataError(f"{row.place}: choices must be a list, found {type(choices).__name__}")
    if len(labels) != len(texts):
        raise DataError(f"{row.place}: {len(texts)} options with {len(labels)} labels")
    return labels, texts


def _labels(count: int) -> list[str]:
    return [*LETTERS, *map(str, range(len(LETTERS) + 1, count + 1))][:count]


def _letter_columns(row: Row, columns: Columns) -> tuple[list[str], list[str]]:
    texts: list[str] = []
    for letter in LETTERS:
        value = row.data.get(letter)
        if value is None or value == "":
            break
        texts.append(_string(value))
    if not texts:
        hint = f"Give a list under {columns['choices'][0]!r}, or one column per letter: A, B, ..."
        raise DataError(f"{row.place}: no options; the columns are {_listed(row)}", hint=hint)
    return list(LETTERS[: len(texts)]), texts


def _answer(answer: object, labels: list[str], texts: list[str], row: Row) -> int:
    """Return the index of the right option, named by label, letter, text or (an integer) place counted from 0."""
    named = str(answer).strip()
    for names in (labels, list(LETTERS[: len(texts)]), [letter.lower() for letter in LETTERS[: len(texts)]]):
        if named in names:
            return names.index(named)
    places = [index for index, text in enumerate(texts) if text == named]
    if isinstance(answer, int) and not isinstance(answer, bool) and 0 <= answer < len(texts):
        if places and places != [answer]:
            hint = "Write the letter of the option instead."
            raise DataError(
                f"{row.place}: the answer {answer} is the text of one option and the place of another", hint=hint
            )
        return answer
    if not places:
        shown = ", ".join(f"{label}={text!r}" for label, text in zip(labels, texts, strict=True))
        raise DataError(f"{row.place}: the answer {named!r} is not among the options: {shown}")
    return places[0]


def _number(row: Row, columns: Columns, name: str) -> Item:
    question = _string(_needed(row, columns, "question"))
    solution = without_annotations(_string(_needed(row, columns, "answer")))
    gold = gold_number(solution)
    if gold is None:
        raise DataError(f"{row.place}: no number in the answer {solution[:80]!r}")
    return Item(name, question, (), gold, (gold,), solution, row.data)


def _text(row: Row, columns: Columns, name: str) -> Item:
    question = _string(_needed(row, columns, "question"))
    answer = _needed(row, columns, "answer")
    accepted = tuple(_string(entry) for entry in (answer if isinstance(answer, list) else [answer]))
    if not any(accepted):
        raise DataError(f"{row.place}: the answer is empty")
    return Item(name, question, (), accepted[0], accepted, accepted[0], row.data)


def _optional(row: Row, columns: Columns, role: str) -> Any:
    for name in columns.get(role, ()):
        if row.data.get(name) is not None:
            return row.data[name]
    return None


def _needed(row: Row, columns: Columns, role: str) -> Any:
    value = _optional(row, columns, role)
    if value is None:
        wanted = " or ".join(repr(name) for name in columns[role])
        guess = suggestion(columns[role][0], row.data)
        message = f"{row.place}: no column {wanted}{guess if 'did you mean' in guess else ''}"
        hint = f"The columns are {_listed(row)}. Name yours with options: {{columns: {{{role}: YOUR_COLUMN}}}}."
        raise DataError(message, hint=hint)
    return value


def _string(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).strip()


def _listed(row: Row) -> str:
    return ", ".join(repr(name) for name in row.data) or "none"
