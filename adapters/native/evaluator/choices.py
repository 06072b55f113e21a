"""Read the options of a multiple-choice row, in every shape they come in, and find the right one among them."""

from __future__ import annotations

import random
import string
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from adapters.native.evaluator.cells import Cell, Columns, filled, listed, optional, text
from adapters.native.evaluator.errors import RowError
from adapters.native.evaluator.reader import Row

LETTERS = string.ascii_uppercase


class Option(NamedTuple):
    """One option of a multiple-choice question: its letter and its text."""

    label: str
    text: str


class Options(NamedTuple):
    """The options' own labels (letters, or what the row calls them) and their texts."""

    labels: list[str]
    texts: list[str]

    @property
    def lettered(self) -> tuple[Option, ...]:
        """Return them under the letters A, B, ..."""
        return tuple(Option(letter, entry) for letter, entry in zip(LETTERS, self.texts, strict=False))


def read_options(row: Row, columns: Columns, *, strict: bool) -> Options:
    """Return the options of a row; `strict`: none may be empty and no two the same.

    Raises:
        RowError: they are not a list of 2 to 26 texts.
    """
    cell = optional(row, columns, "choices")
    found = _letter_columns(row, columns) if cell is None else _listed_options(cell, strict=strict)
    if len(found.labels) != len(found.texts):
        raise RowError(row.place, f"{len(found.texts)} options with {len(found.labels)} labels")
    if not 2 <= len(found.texts) <= len(LETTERS):
        raise RowError(row.place, f"a question needs 2 to 26 options, found {len(found.texts)}")
    if strict:
        _refuse_twins(found.texts, row)
    return found


def _listed_options(cell: Cell, *, strict: bool) -> Options:
    value = cell.value
    labels: list[Any] | None = None
    if isinstance(value, Mapping):  # Hugging Face's ARC: {"text": [...], "label": [...]}
        labels, value = value.get("label"), value.get("text", [])
    elif isinstance(value, list) and any(isinstance(entry, Mapping) for entry in value):  # ARC as first published
        entries = [entry if isinstance(entry, Mapping) else {"text": entry} for entry in value]
        labels = [entry.get("label", own) for entry, own in zip(entries, _labels(len(entries)), strict=True)]
        value = [entry.get("text", "") for entry in entries]
    if not isinstance(value, list) or not isinstance(labels, (list, type(None))):
        kind = type(cell.value).__name__
        hint = "Give the options as a list, or one column per letter: A, B, ..."
        raise RowError(cell.place, f"choices must be a list, found {kind}", hint=hint)
    read = filled if strict else text
    texts = [
        read(Cell(entry, f"option {own}", cell.place)) for entry, own in zip(value, _labels(len(value)), strict=True)
    ]
    return Options(_labels(len(texts)) if labels is None else [str(label) for label in labels], texts)


def _labels(count: int) -> list[str]:
    return [*LETTERS, *map(str, range(len(LETTERS) + 1, count + 1))][:count]


def _letter_columns(row: Row, columns: Columns) -> Options:
    cells = {letter: Cell(row.data.get(letter), f"option {letter}", row.place) for letter in LETTERS}
    texts = {letter: text(cell) for letter, cell in cells.items() if cell.value is not None}
    given = [letter for letter in LETTERS if texts.get(letter)]
    if not given:
        hint = f"Give a list under {columns['choices'][0]!r}, or one column per letter: A, B, ..."
        raise RowError(row.place, f"no options; the columns are {listed(row)}", hint=hint)
    gap = next((letter for letter in LETTERS[: LETTERS.index(given[-1])] if letter not in given), None)
    if gap is not None:
        hint = "Give every letter from A on; only the last ones may be left out."
        raise RowError(row.place, f"option {gap} is missing, but {given[-1]} is given", hint=hint)
    return Options(given, [texts[letter] for letter in given])


def _refuse_twins(texts: Sequence[str], row: Row) -> None:
    first: dict[str, str] = {}
    for letter, entry in zip(LETTERS, texts, strict=False):
        if entry in first:
            hint = "Make the options different, or remove one."
            raise RowError(row.place, f"options {first[entry]} and {letter} are both {entry!r}", hint=hint)
        first[entry] = letter


def shuffled(options: Options, right: int, question: str) -> tuple[Options, int]:
    """Return the options in an order that only the question decides, under letters of their own, and the right one.

    So it is the same in every run, whatever the seed: a benchmark's options are part of the benchmark.
    """
    order = list(range(len(options.texts)))
    random.Random(question).shuffle(order)  # noqa: S311 - reproducible, not secret
    texts = [options.texts[index] for index in order]
    return Options(_labels(len(texts)), texts), order.index(right)


def further_options(row: Row, options: Options) -> tuple[tuple[Option, ...], tuple[str, ...]]:
    """Return the options that a shaped row has beside its choices, numbered, and the labels of all the true ones."""
    if "further" not in row.data:
        return (), ()
    further = tuple(Option(str(number), entry.strip()) for number, entry in enumerate(row.data["further"], 1))
    accepted = {entry.strip() for entry in row.data["accepted"]}
    return further, tuple(option.label for option in (*options.lettered, *further) if option.text in accepted)


def right_option(answer: Cell, options: Options, *, strict: bool) -> int:
    """Return the index of the right option, named by label, letter, text or (an integer) place counted from 0.

    `strict`: what labels one option may not be the text of another; published data mean the label.

    Raises:
        RowError: it names none of them, or two.
    """
    labels, texts = options
    named = filled(answer)
    places = [index for index, entry in enumerate(texts) if entry == named]
    if not strict and isinstance(answer.value, int) and 0 <= answer.value < len(texts):
        return answer.value
    labelled = _labelled(named, options)
    if labelled is not None:
        if strict and places and labelled not in places:
            what = f"the answer {named!r} is the label of option {LETTERS[labelled]} and the text of another"
            hint = "Reorder the options so that label and text agree, or rewrite the texts."
            raise RowError(answer.place, what, hint=hint)
        return labelled
    if isinstance(answer.value, int) and 0 <= answer.value < len(texts):
        if places and places != [answer.value]:
            what = f"the answer {answer.value} is the text of one option and the place of another"
            raise RowError(answer.place, what, hint="Write the letter of the option instead.")
        return answer.value
    if not places:
        shown = ", ".join(f"{label}={entry!r}" for label, entry in zip(labels, texts, strict=True))
        hint = "Write the letter of the right option, or its text."
        raise RowError(answer.place, f"the answer {named!r} is not among the options: {shown}", hint=hint)
    return places[0]


def _labelled(named: str, options: Options) -> int | None:
    """Return the index of the option with this label or, whatever its label, this letter; else None."""
    letters = list(LETTERS[: len(options.texts)])
    for names in (options.labels, letters, [letter.lower() for letter in letters]):
        if named in names:
            return names.index(named)
    return None
