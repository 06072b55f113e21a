"""Turn rows into items: what a benchmark asks and what it accepts, whatever the columns are called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapters.native.catalog import Benchmark, Kind
from adapters.native.evaluator.cells import Cell, Columns, filled, needed, optional
from adapters.native.evaluator.choices import Option, further_options, read_options, right_option, shuffled
from adapters.native.evaluator.compose import compose
from adapters.native.evaluator.errors import RowError
from adapters.native.evaluator.extract import last_box
from adapters.native.evaluator.gather import gather
from adapters.native.evaluator.instruction_checks import problem
from adapters.native.evaluator.numbers import gold_number, without_annotations
from adapters.native.evaluator.programs import read_problem
from adapters.native.evaluator.reader import Row
from adapters.native.evaluator.shapes import shaped


@dataclass(frozen=True)
class Item:
    """One question.

    Attributes:
        id: unique in its subset.
        options: empty where the question is open.
        gold: the right letter, number or (first) accepted text.
        accepted: every text that counts as right, for open questions; of options, the labels of the true ones.
        solution: the answer as a few-shot example shows it.
        row: the row itself, for templates, the fingerprint, and what only one scorer knows of.
        topic: what prompts call the item's subset.
        reasoning: how the answer is found, where the data tell.
        further: options that are only read by likelihood, for TruthfulQA's mc2.
    """

    id: str
    question: str
    options: tuple[Option, ...]
    gold: str
    accepted: tuple[str, ...]
    solution: str
    row: Mapping[str, Any]
    topic: str = ""
    reasoning: str = ""
    further: tuple[Option, ...] = ()


def read_items(rows: Sequence[Row], benchmark: Benchmark, columns: Columns, *, topic: str = "") -> list[Item]:
    """Return the items of rows, in order.

    In the user's own data the same id or option twice is a mistake to mend; published data have both.

    Raises:
        DataError: columns are missing, or rows are not what the benchmark needs; names file and line of each.
    """
    own = benchmark.own_data
    ids = _ids(rows, columns)
    twins = _twins(rows, ids) if own else {}
    if not own and len(set(ids)) < len(ids):
        ids = _counted(rows)

    def build(index: int) -> Item:
        if index in twins:
            raise twins[index]
        row = compose(shaped(rows[index], benchmark.shape), benchmark.compose)
        item = _READERS[benchmark.kind](row, columns, ids[index], benchmark)
        return replace(item, topic=topic, reasoning=_reasoning(row, columns))

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


def _reasoning(row: Row, columns: Columns) -> str:
    cell = optional(row, columns, "reasoning")
    return str(cell.value).strip() if cell else ""


def _multiple_choice(row: Row, columns: Columns, name: str, benchmark: Benchmark) -> Item:
    strict = benchmark.own_data
    question = needed(row, columns, "question")
    if isinstance(question.value, Mapping) and "stem" in question.value:  # ARC as its authors published it
        row = Row({**row.data, **question.value, "question": question.value["stem"]}, row.place)
        question = question._replace(value=row.data["question"])
    asked = filled(question)
    options = read_options(row, columns, strict=strict)
    right = right_option(needed(row, columns, "answer"), options, strict=strict)
    if benchmark.shuffle:
        options, right = shuffled(options, right, asked)
    gold = options.lettered[right]
    further, true = further_options(row, options)
    return Item(
        name, asked, options.lettered, gold.label, true or (gold.label,), gold.text, row.data, further=further
    )


def _number(row: Row, columns: Columns, name: str, _: Benchmark) -> Item:
    question = filled(needed(row, columns, "question"))
    solution = without_annotations(filled(needed(row, columns, "answer")))
    gold = gold_number(solution)
    if gold is None:
        raise RowError(row.place, f"no number in the answer {solution[:80]!r}")
    return Item(name, question, (), gold, (gold,), solution, row.data)


def _maths(row: Row, columns: Columns, name: str, _: Benchmark) -> Item:
    """Read a problem whose answer has a column, or stands in the last box of its solution."""
    question = filled(needed(row, columns, "question"))
    solution, answer = (optional(row, columns, role) for role in ("solution", "answer"))
    worked = filled(solution) if solution else ""
    gold = filled(answer) if answer else last_box(worked)
    if not gold:
        hint = "Give a column 'answer', or a solution that ends in \\boxed{...}."
        raise RowError(row.place, "neither an answer nor a solution with one in a box", hint=hint)
    return Item(name, question, (), gold, (gold,), worked or f"\\boxed{{{gold}}}", row.data)


def _text(row: Row, columns: Columns, name: str, _: Benchmark) -> Item:
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


def _instructions(row: Row, columns: Columns, name: str, _: Benchmark) -> Item:
    """Read a prompt and the names of the instructions in it; nobody has written an answer to it."""
    names = needed(row, columns, "answer")
    if not isinstance(names.value, list) or not all(isinstance(entry, str) for entry in names.value):
        raise RowError(row.place, f"{names.name} is no list of instructions")
    what = problem(names.value, row.data)
    if what:
        raise RowError(row.place, what, hint="The benchmark needs the published data.")
    question = filled(needed(row, columns, "question"))
    return Item(name, question, (), ", ".join(names.value), tuple(names.value), "", row.data)


def _code(row: Row, columns: Columns, name: str, _: Benchmark) -> Item:
    """Read a task and its reference program, white space at line starts and all; its tests are in the row."""
    question, answer = needed(row, columns, "question"), needed(row, columns, "answer")
    filled(question)
    filled(answer)
    read_problem(row, columns)
    program = str(answer.value)
    return Item(name, str(question.value), (), program, (program,), program, row.data)


_READERS: Mapping[Kind, Callable[[Row, Columns, str, Benchmark], Item]] = {
    "multiple_choice": _multiple_choice,
    "number": _number,
    "maths": _maths,
    "text": _text,
    "instructions": _instructions,
    "code": _code,
}
