"""Turn rows into items: what a benchmark asks and what it accepts, whatever the columns are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.native.catalog import Kind
from adapters.native.evaluator.cells import Cell, Columns, filled, needed, optional
from adapters.native.evaluator.choices import Option, read_options, right_option
from adapters.native.evaluator.errors import RowError
from adapters.native.evaluator.gather import gather
from adapters.native.evaluator.numbers import gold_number, without_annotations
from adapters.native.evaluator.programs import read_problem
from adapters.native.evaluator.reader import Row


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


def read_items(rows: Sequence[Row], kind: Kind, columns: Columns, *, own: bool) -> list[Item]:
    """Return the items of rows, in order.

    `own`: the user's own data, where the same id or option twice is a mistake to mend; published data have both.

    Raises:
        DataError: columns are missing, or rows are not what the benchmark needs; names file and line of each.
    """
    ids = _ids(rows, columns)
    twins = _twins(rows, ids) if own else {}
    if not own and len(set(ids)) < len(ids):
        ids = _counted(rows)

    def build(index: int) -> Item:
        if index in twins:
            raise twins[index]
        if kind == "multiple_choice":
            return _multiple_choice(rows[index], columns, ids[index], strict=own)
        if kind == "code":
            return _code(rows[index], columns, ids[index])
        return (_number if kind == "number" else _text)(rows[index], columns, ids[index])

    return gather(build, range(len(rows)))


def _ids(rows: Sequence[Row], columns: Columns) -> list[str]:
    """Return the rows' own names, or their numbers where one has none."""
    cells = [optional(row, columns, "id") for row in rows]
    names = [str(cell.value).strip() for cell in cells if cell]
    return names if all(names) and len(names) == len(rows) else _counted(rows)


def _counted(rows: Sequence[Row]) -> list[str]:
    return [str(number) for number in range(1, len(rows) + 1)]


def _twins(rows: Sequence[Row], ids: Sequence[str]) -> dict[int, RowError]:
    """Return a problem for every row whose id an earlier row has."""
    first: dict[str, str] = {}
    found: dict[int, RowError] = {}
    for index, (row, name) in enumerate(zip(rows, ids, strict=True)):
        if name in first:
            hint = "Make the ids unique, or remove their column: rows are then counted."
            found[index] = RowError(row.place, f"the id {name!r} is that of {first[name]} too", hint=hint)
        first.setdefault(name, row.place)
    return found


def _multiple_choice(row: Row, columns: Columns, name: str, *, strict: bool) -> Item:
    question = needed(row, columns, "question")
    if isinstance(question.value, Mapping) and "stem" in question.value:  # ARC as its authors published it
        row = Row({**row.data, **question.value, "question": question.value["stem"]}, row.place)
        question = question._replace(value=row.data["question"])
    asked = filled(question)
    options = read_options(row, columns, strict=strict)
    gold = options.lettered[right_option(needed(row, columns, "answer"), options, strict=strict)]
    return Item(name, asked, options.lettered, gold.label, (gold.label,), gold.text, row.data)


def _number(row: Row, columns: Columns, name: str) -> Item:
    question = filled(needed(row, columns, "question"))
    solution = without_annotations(filled(needed(row, columns, "answer")))
    gold = gold_number(solution)
    if gold is None:
        raise RowError(row.place, f"no number in the answer {solution[:80]!r}")
    return Item(name, question, (), gold, (gold,), solution, row.data)


def _text(row: Row, columns: Columns, name: str) -> Item:
    question = filled(needed(row, columns, "question"))
    answer = needed(row, columns, "answer")
    cells = [answer]
    if isinstance(answer.value, list):
        entries = enumerate(answer.value, 1)
        cells = [Cell(entry, f"entry {number} of {answer.name}", answer.place) for number, entry in entries]
    if not cells:
        hint = "Give at least one accepted answer, or remove the row."
        raise RowError(row.place, f"{answer.name} is an empty list", hint=hint)
    accepted = tuple(filled(cell) for cell in cells)
    return Item(name, question, (), accepted[0], accepted, accepted[0], row.data)


def _code(row: Row, columns: Columns, name: str) -> Item:
    """Read a task and its reference program, white space at line starts and all; its tests are in the row."""
    question, answer = needed(row, columns, "question"), needed(row, columns, "answer")
    filled(question)
    filled(answer)
    read_problem(row, columns)
    program = str(answer.value)
    return Item(name, str(question.value), (), program, (program,), program, row.data)
