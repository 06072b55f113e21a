"""Whether a user's table is fit to be asked: what it lacks, or has twice, would be scored as if all were well."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from adapters.runtime import job
from adapters.vlmevalkit.contract import OWN_DATA, Dataset
from adapters.vlmevalkit.runner.cells import read_cell
from adapters.vlmevalkit.runner.reasons import StatedError

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CHOICES, _OPEN = "own_image_mcq", "own_image_openended"
# What a user's own table must have; of a published data set's VLMEvalKit's own classes know it.
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    _CHOICES: ("index", "question", "A", "B", "answer"),
    _OPEN: ("index", "question", "answer"),
}
_PICTURES = ("image", "image_path")
# What VLMEvalKit makes of a user's row whose cell is empty.
_FILLED: Mapping[str, str] = {
    "image": "VLMEvalKit would leave it out without a word",
    "answer": "VLMEvalKit would compare with the text nan",
    **dict.fromkeys(("category", "l2-category", "split"), "VLMEvalKit cannot sort it; fill it, or drop the column"),
}


class DataError(StatedError):
    """The data of a data set are not fit to be asked."""


def check_columns(name: str, table: Path) -> None:
    """Look at the head of a table of the user's own.

    Raises:
        DataError: a column is missing.
    """
    wanted = _COLUMNS.get(name, ())
    if not wanted:
        return
    with table.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        columns = next(csv.reader(file, delimiter="\t"), [])
    missing = [column for column in wanted if column not in columns]
    missing += [] if any(column in columns for column in _PICTURES) else ["image"]
    if missing:
        has = ", ".join(columns[:12])
        raise DataError(f"the table lacks the columns {', '.join(missing)} (it has {has}; a TSV is split by tabs)")


def check_cells(name: str, table: Path) -> None:
    """Look at the cells of a table of the user's own that may not be empty.

    Raises:
        DataError: one is.
    """
    if name not in _COLUMNS:
        return
    csv.field_size_limit(1 << 30)  # a picture is a cell
    with table.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            for column in (found for found in _FILLED if row.get(found, "filled") in {"", None}):
                raise DataError(f"row {row['index']} has no {column}: {_FILLED[column]}")


def own_columns(dataset: Dataset) -> tuple[str, ...]:
    """Return the columns of a table of the user's own that hold texts: all but the index; none of a published one."""
    if dataset.name not in _COLUMNS:
        return ()
    (place,) = dataset.tables.values()
    with job.path(place).open(encoding="utf-8-sig", errors="replace", newline="") as file:
        columns = next(csv.reader(file, delimiter="\t"), [])
    return tuple(column for column in columns if column != "index")


def check_rows(dataset: Dataset, rows: Any) -> None:
    """Look at the rows of a user's own table, a frame; published ones are what they are.

    Raises:
        DataError: two rows cannot be told apart, or an answer is none that can be scored.
    """
    if not any(target.startswith(f"{OWN_DATA}/") for target in dataset.tables.values()):
        return
    (index, count), *_ = [*Counter(map(str, rows["index"])).most_common(1), ("", 0)]
    if count > 1:
        raise DataError(f"{count} rows have the index {index}: VLMEvalKit would take one answer for all of them")
    checks = _checks(dataset)
    for row in rows.to_dict("records") if checks else ():
        for check in checks:
            check(row)


def _checks(dataset: Dataset) -> list[Callable[[Mapping[str, Any]], None]]:
    if dataset.name == _CHOICES:
        return [_check_answer]
    if dataset.name != _OPEN:
        return []
    return [_check_list, _check_agreement] if dataset.metric == "vqa_score" else [_check_list]


def _check_answer(row: Mapping[str, Any]) -> None:
    options = _options(row, (letter for letter in _LETTERS if letter in row))
    if row["answer"] not in options:
        known = ", ".join(options)
        raise DataError(
            f"the answer of row {row['index']} is {row['answer']!r}, which is none of its options: {known}"
        )


def _check_list(row: Mapping[str, Any]) -> None:
    found = _several(row["answer"])
    if found is not None and not (found and all(isinstance(part, str) for part in found)):
        raise DataError(
            f"the answer of row {row['index']} is {row['answer']}: a list of right answers holds texts, ['12', '13']"
        )


def _check_agreement(row: Mapping[str, Any]) -> None:
    if len(_several(row["answer"]) or ()) < 2:
        raise DataError(
            f"row {row['index']} has one right answer, and vqa_score counts who else said the same: give a list"
        )


def _several(answer: str) -> list[Any] | None:
    """Return the parts of a list as VLMEvalKit sees one in a cell; None where the cell is a text like any other."""
    try:
        found = read_cell(answer)
    except (SyntaxError, NameError, TypeError, ValueError, ArithmeticError, RecursionError, MemoryError):
        return None
    return found if isinstance(found, list) else None


def _options(row: Mapping[str, Any], letters: Iterable[str]) -> list[str]:
    # An empty cell is a number that is none.
    return [letter for letter in letters if isinstance(row[letter], str) and row[letter]]
