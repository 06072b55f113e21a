"""VLMEvalKit's numbers: read from its files as their literals, the headline first, each with its unit and maximum."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from adapters.vlmevalkit.output import DatasetOutput, Output
from adapters.vlmevalkit.schemes import OWN_STATUS, ROWS, Scheme, ScoreFile, Unit
from hub.files import OutputError

_TRIVIAL = "none"  # what VLMEvalKit calls the split of data that have none


@dataclass(frozen=True)
class Cell:
    """One number where it stands: what its row is about, its column, its file, and VLMEvalKit's key of it there."""

    row: tuple[str, ...]
    column: str
    literal: str
    file: str
    key: str
    source: ScoreFile


@dataclass(frozen=True)
class Figure:
    """One number as VLMEvalKit wrote it, under our name; `maximum` is None where it has none."""

    name: str
    literal: str
    unit: Unit
    maximum: float | None
    file: str
    key: str
    row: tuple[str, ...] = ()

    @property
    def value(self) -> float | None:
        """Return the number in 0-1 where it has a maximum."""
        return float(self.literal) / self.maximum if self.maximum else None


def figures(one: DatasetOutput, output: Output, scheme: Scheme, reader: str, part: str = "") -> list[Figure]:
    """Return the scores of a data set, or of its `part`, the headline first; none where there is no headline.

    Raises:
        OutputError: a file is not what VLMEvalKit writes.
    """
    cells = [cell for file in scheme.files for cell in _cells(one, output, file, reader)]
    if part:
        cells = [replace(cell, row=_without(cell.row, part)) for cell in cells if part in cell.row]
    head = _headline_row(cells, scheme)
    present = {cell.column for cell in cells}
    named = [cell for cell in cells if not _is_twice(cell, scheme, head) and not _is_empty_sum(cell, scheme, present)]
    found = [_figure(cell, scheme, head, present) for cell in named]
    if head is None:
        return sorted(found, key=lambda figure: (not is_headline(figure, scheme), figure.name.rpartition("/")[::-1]))
    return sorted(found, key=lambda figure: (figure.name != scheme.headline, figure.row != head))


def is_headline(figure: Figure, scheme: Scheme) -> bool:
    """Return whether a number is the headline, or that of a split where there is no other."""
    return figure.name in {scheme.headline, "/".join((*figure.row, scheme.headline))}


def _cells(one: DatasetOutput, output: Output, source: ScoreFile, reader: str) -> Iterator[Cell]:
    if source.ending == OWN_STATUS:
        yield from _of_status(one, output, source)
        return
    place = one.beside(source.ending.format(reader=reader))
    rows: Sequence[Mapping[str, object]] = [_flat(output, place)] if place.endswith(".json") else output.rows(place)
    for row in rows:
        if source.rows_in and str(row.get(source.rows_in)) == "0":
            continue
        about = {label: str(row.get(label, "")) for label in source.labels}
        for column, literal in row.items():
            wanted = column not in source.labels and (not source.columns or column in source.columns)
            if wanted and _is_number(literal):
                key = "|".join((*(f"{label}={value}" for label, value in about.items()), column))
                yield Cell(tuple(about.values()), column, str(literal), place, key, source)


def _of_status(one: DatasetOutput, output: Output, source: ScoreFile) -> Iterator[Cell]:
    """Yield the numbers of VLMEvalKit's own status: a key is `split=dev|Overall`."""
    place = f"{one.folder}/{OWN_STATUS}"
    content = output.json(place, literal=True) or {}
    metrics = content.get("datasets", {}).get(one.name, {}).get("metrics", {})
    for key, literal in metrics.items():
        *about, column = key.split("|")
        row = tuple(value.partition("=")[2] for value in about)
        if len(row) == len(source.labels) and _is_number(literal):
            yield Cell(row, column, literal, place, key, source)


def _flat(output: Output, place: str) -> Mapping[str, object]:
    """Return an object's numbers; those of a list under the list's name, as VLMEvalKit's status.json has them."""
    content = output.json(place, literal=True)
    if not isinstance(content, dict):
        raise OutputError(f"{place} is missing or no object, though the runner says that it was scored")
    found: dict[str, object] = {}
    for name, value in content.items():
        several = isinstance(value, list)
        found.update({f"{name}|{n}": one for n, one in enumerate(value)} if several else {name: value})
    return found


def _is_number(literal: object) -> bool:
    try:
        return isinstance(literal, str) and math.isfinite(float(literal))
    except ValueError:
        return False


def _without(row: tuple[str, ...], part: str) -> tuple[str, ...]:
    return tuple(about for about in row if about != part)


def _headline_row(cells: Sequence[Cell], scheme: Scheme) -> tuple[str, ...] | None:
    """Return the row of the headline; None where any of several could be it."""
    rows = sorted({cell.row for cell in cells if cell.column == scheme.column})
    known = [row for name in (scheme.head, *ROWS) for row in rows if name in row]
    if len(rows) > 1 and not known:
        return None
    return (known or rows or [()])[0]


def _is_twice(cell: Cell, scheme: Scheme, head: tuple[str, ...] | None) -> bool:
    """Return whether the same number stands elsewhere: in another file, or in the row of all splits."""
    in_group = bool(cell.source.group) and cell.column == scheme.column and cell.row == head
    of_no_split = cell.row == (_TRIVIAL,) and head != cell.row
    return in_group or of_no_split


def _is_empty_sum(cell: Cell, scheme: Scheme, present: set[str]) -> bool:
    return cell.column in scheme.sums and not present.intersection(scheme.sums[cell.column])


def _figure(cell: Cell, scheme: Scheme, head: tuple[str, ...] | None, present: set[str]) -> Figure:
    unit, maximum = scheme.units.get(cell.column, (scheme.unit, scheme.maximum))
    if cell.column in scheme.sums and maximum is not None:
        maximum *= len(present.intersection(scheme.sums[cell.column]))
    return Figure(_name(cell, scheme, head), cell.literal, unit, maximum, cell.file, cell.key, cell.row)


def _name(cell: Cell, scheme: Scheme, head: tuple[str, ...] | None) -> str:
    """Return our name of a number: what its row is about before it, unless that is the headline's row."""
    if scheme.by_row and cell.row != head:
        return scheme.names.get(cell.row[0], cell.row[0])
    column = scheme.headline if cell.column == scheme.column else scheme.names.get(cell.column, cell.column)
    group = (cell.source.group,) if cell.source.group else ()
    about = tuple(label for label in cell.row if label != _TRIVIAL) if cell.row != head else ()
    return "/".join((*group, *about, column))
