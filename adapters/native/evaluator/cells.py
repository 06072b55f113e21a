"""Read one cell of a row: which column plays a role, and whether what it holds can be taken as text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from adapters.native.evaluator.errors import RowError
from adapters.native.evaluator.reader import Row
from adapters.native.names import suggestion

Columns = Mapping[str, Sequence[str]]


class Cell(NamedTuple):
    """A value, how a message calls it (`column 'answer'`), and the place of its row."""

    value: Any
    name: str
    place: str


def optional(row: Row, columns: Columns, role: str) -> Cell | None:
    """Return the cell of a role, None where there is no such column or nothing in it.

    `answer.aliases` is the key `aliases` of the object in column `answer`.
    """
    for name in columns.get(role, ()):
        value = row.data.get(name)
        if value is None and "." in name:
            value = _inside(row.data, name)
        if value is not None:
            return Cell(value, f"column {name!r}", row.place)
    return None


def _inside(data: Mapping[str, Any], path: str) -> Any:
    value: Any = data
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def needed(row: Row, columns: Columns, role: str) -> Cell:
    """Return the cell of a role.

    Raises:
        RowError: there is no such column, or it is null.
    """
    found = optional(row, columns, role)
    if found is not None:
        return found
    null = next((name for name in columns[role] if name in row.data), None)
    if null is not None:
        raise RowError(row.place, f"column {null!r} is null", hint="Give it a value, or remove the row.")
    wanted = " or ".join(repr(name) for name in columns[role])
    guess = suggestion(columns[role][0], row.data)
    hint = f"The columns are {listed(row)}. Name yours with options: {{columns: {{{role}: YOUR_COLUMN}}}}."
    raise RowError(row.place, f"no column {wanted}{guess if 'did you mean' in guess else ''}", hint=hint)


def text(cell: Cell) -> str:
    """Return a text, or a number as text, without the blanks around it; it may be empty.

    Raises:
        RowError: it is something else, e.g. an object, true or NaN.
    """
    value = cell.value
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        raise _unusable(cell, str(value).lower(), 'Write it as text, in quotes: "yes", "true".')
    if isinstance(value, float) and not math.isfinite(value):
        raise _unusable(cell, str(value), "Give it a value, or remove the row.")
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    kinds = {dict: "an object", list: "a list", type(None): "null"}
    kind = kinds.get(type(value), f"a value of type {type(value).__name__}")
    raise _unusable(cell, kind, "Write it as text or as a number.")


def filled(cell: Cell) -> str:
    """Return the text of a cell.

    Raises:
        RowError: it is empty, or neither text nor a number.
    """
    found = text(cell)
    if not found:
        raise RowError(cell.place, f"{cell.name} is empty", hint="Give it a value, or remove the row.")
    return found


def listed(row: Row) -> str:
    """Return the names of a row's columns."""
    return ", ".join(repr(name) for name in row.data) or "none"


def _unusable(cell: Cell, what: str, hint: str) -> RowError:
    return RowError(cell.place, f"{cell.name} is {what}, expected text or a number", hint=hint)
