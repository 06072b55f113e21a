"""Every question of an evaluation with its right answer and plausible wrong ones, for the mock server.

Questions about pictures are told apart by their words alone: of two rows that ask the same, with the same options,
the first one's answer is given.
"""

from __future__ import annotations

import ast
import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from adapters.vlmevalkit.catalog import Entry
from adapters.vlmevalkit.cut import ROTATION, kept
from adapters.vlmevalkit.output import LONGEST_CELL, Row
from adapters.vlmevalkit.translate import Wanted, all_wanted, task_of
from hub.adapter import Evaluation, Gold
from hub.errors import PrerequisiteError

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_IMAGE = re.compile(r"<image \d>")
_YES_OR_NO = {"yes": "No", "no": "Yes"}
_WRONG_TEXTS = 3
_NO_ANSWER = "I do not know."
_PICTURES = frozenset({"image"})


def read_gold(evaluation: Evaluation, data: Mapping[str, Path]) -> Iterator[Gold]:
    """Yield every question that one text answers; of conversations there are none.

    Raises:
        PrerequisiteError: a table cannot be read here.
    """
    for one, dataset in zip(all_wanted(evaluation), task_of(evaluation).datasets, strict=True):
        for name, place in dataset.tables.items():
            part = name.removesuffix(".tsv") if len(dataset.tables) > 1 else ""
            rows = _asked(_read(_on_host(place, data), one), one)
            yield from _questions(one, rows, "/".join(filter(None, (one.request.label, part))))


def _on_host(place: str, data: Mapping[str, Path]) -> Path:
    """Return where a file of the job lies: an asset is the file, or a folder above it."""
    for target, path in data.items():
        if place == target:
            return path
        if place.startswith(f"{target}/"):
            return path / place.removeprefix(f"{target}/")
    raise PrerequisiteError(f"there is no {place}")


def _read(path: Path, one: Wanted) -> list[Row]:
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            return list(_rows(file))
    except (OSError, csv.Error) as error:
        raise PrerequisiteError(f"{one.request.label}: {path} cannot be read: {error}") from error


def _rows(file: TextIO) -> Iterator[Row]:
    csv.field_size_limit(LONGEST_CELL)
    for line in csv.DictReader(file, delimiter="\t"):
        yield {name: value or "" for name, value in line.items() if name is not None and name not in _PICTURES}


def _asked(rows: Sequence[Row], one: Wanted) -> list[Row]:
    """Return the rows that a limit leaves."""
    if one.limit is None:
        return list(rows)
    groups = [_group(row, one.entry) or str(place) for place, row in enumerate(rows)]
    parts = [row.get(one.entry.each, "") for row in rows]
    return [rows[place] for place in kept(one.limit, groups, parts)]


def _group(row: Row, entry: Entry) -> str:
    """Return what a row's question is known by, together with the others that are about the same."""
    if entry.together == "g_index":
        return row.get("g_index") or str(int(row.get("index") or 0) % ROTATION)
    return row.get(entry.together, "") if entry.together else ""


def _questions(one: Wanted, rows: Sequence[Row], group: str) -> Iterator[Gold]:
    rotated = one.entry.together == "g_index"
    for place, row in enumerate(rows):
        question, right = _words(row.get("question", ""), one.entry), _right(row.get("answer", ""))
        if question and right and one.entry.scheme.kind != "multi-turn":
            name = _group(row, one.entry) if rotated else row.get("index", str(place))
            yield Gold(group, name, _prompt(question, row), question, right, _wrong(row, right, rows, place))


def _right(answer: str) -> str:
    """Return what most people said where a cell holds several right answers, else the cell."""
    if not answer.startswith("["):
        return answer
    try:
        found = ast.literal_eval(answer)
    except (ValueError, SyntaxError, RecursionError):
        return answer
    return str(Counter(map(str, found)).most_common(1)[0][0]) if found else ""


def _options(row: Row) -> Mapping[str, str]:
    return {letter: row[letter] for letter in _LETTERS if row.get(letter)}


def _words(question: str, entry: Entry) -> str:
    """Return the texts of a question as the mock puts them together: MMMU's have pictures in their midst."""
    return _IMAGE.sub("\n", question) if entry.known_as.startswith("MMMU") else question


def _prompt(question: str, row: Row) -> str:
    """Return the words that tell a question from others: with its options, as VLMEvalKit lists them."""
    options = "".join(f"{letter}. {text}\n" for letter, text in _options(row).items())
    return f"{question}\nOptions:\n{options}" if options else question


def _wrong(row: Row, right: str, rows: Sequence[Row], place: int) -> tuple[str, ...]:
    options = [letter for letter in _options(row) if letter != right]
    if right in _options(row):
        return tuple(options)
    if right.lower() in _YES_OR_NO:
        return (_YES_OR_NO[right.lower()],)
    others = dict.fromkeys(_right(other.get("answer", "")) for other in (*rows[place + 1 :], *rows[:place])[:48])
    accepted = row.get("answer", "").casefold()
    texts = [text for text in others if text and text.casefold() not in accepted and right not in text]
    return tuple(texts[:_WRONG_TEXTS]) or (_NO_ANSWER,)
