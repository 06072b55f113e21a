"""VLMEvalKit's numbers: read from its files as their literals, the headline first, each with its unit and maximum."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from adapters.vlmevalkit.output import DatasetOutput, Output, OutputError
from adapters.vlmevalkit.schemes import ROWS, Scheme, ScoreFile, Unit

_TRIVIAL = "none"  # what VLMEvalKit calls the split of data that have none


@dataclass(frozen=True)
class Cell:
    """One number where it stands: the values of its row's labels, its column, its file."""

    row: tuple[str, ...]
    column: str
    literal: str
    file: str
    source: ScoreFile

    @property
    def key(self) -> str:
        """Return VLMEvalKit's own way to name it, as in its status.json."""
        labels = [f"{name}={value}" for name, value in zip(self.source.labels, self.row, strict=True)]
        return "|".join((*labels, self.column))


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
    cells = [_without_part(cell, scheme) for cell in cells if not part or part in cell.row]
    head = _headline_row(cells, scheme)
    present = {cell.column for cell in cells}
    named = [cell for cell in cells if not _is_twice(cell, scheme) and not _is_empty_sum(cell, scheme, present)]
    found = [_figure(cell, scheme, head, present) for cell in named]
    return sorted(found, key=lambda figure: _rank(figure, scheme, head))


def _cells(one: DatasetOutput, output: Output, source: ScoreFile, reader: str) -> Iterator[Cell]:
    place = one.beside(source.ending.format(reader=reader))
    rows: Sequence[Mapping[str, object]] = [_flat(output, place)] if place.endswith(".json") else output.rows(place)
    for row in rows:
        labels = tuple(str(row.get(label, "")) for label in source.labels)
        for column, literal in row.items():
            wanted = column not in source.labels and (not source.columns or column in source.columns)
            if wanted and _is_number(literal):
                yield Cell(labels, column, str(literal), place, source)


def _flat(output: Output, place: str) -> Mapping[str, object]:
    """Return an object's numbers; those of a list under the list's name, as VLMEvalKit's status.json has them."""
    content = output.json(place, literal=True)
    if not isinstance(content, dict):
        raise OutputError(f"{place} is missing or no object, though the runner says that it was scored")
    found: dict[str, object] = {}
    for name, value in content.items():
        found.update(
            {f"{name}|{n}": one for n, one in enumerate(value)} if isinstance(value, list) else {name: value}
        )
    return found


def _is_number(literal: object) -> bool:
    try:
        return isinstance(literal, str) and math.isfinite(float(literal))
    except ValueError:
        return False


def _without_part(cell: Cell, scheme: Scheme) -> Cell:
    if not scheme.per:
        return cell
    at = cell.source.labels.index(scheme.per)
    labels = cell.source.labels[:at] + cell.source.labels[at + 1 :]
    row = cell.row[:at] + cell.row[at + 1 :]
    return replace(cell, row=row, source=replace(cell.source, labels=labels))


def _headline_row(cells: Sequence[Cell], scheme: Scheme) -> tuple[str, ...]:
    rows = sorted({cell.row for cell in cells if cell.column == scheme.column})
    known = [row for name in ROWS for row in rows if name in row]
    return (known or rows or [()])[0]


def _is_twice(cell: Cell, scheme: Scheme) -> bool:
    """Return whether another file has the same number."""
    first = scheme.files[0].ending
    return cell.column == scheme.column and bool(cell.source.group) and cell.source.ending != first


def _is_empty_sum(cell: Cell, scheme: Scheme, present: set[str]) -> bool:
    return cell.column in scheme.sums and not present.intersection(scheme.sums[cell.column])


def _figure(cell: Cell, scheme: Scheme, head: tuple[str, ...], present: set[str]) -> Figure:
    unit, maximum = scheme.units.get(cell.column, (scheme.unit, scheme.maximum))
    if cell.column in scheme.sums and maximum is not None:
        maximum *= len(present.intersection(scheme.sums[cell.column]))
    return Figure(_name(cell, scheme, head), cell.literal, unit, maximum, cell.file, cell.key, cell.row)


def _name(cell: Cell, scheme: Scheme, head: tuple[str, ...]) -> str:
    """Return our name of a number: what its row is about before it, unless that is the headline's row."""
    column = scheme.headline if cell.column == scheme.column else scheme.names.get(cell.column, cell.column)
    about = () if cell.row == head and not _is_of_group(cell, scheme) else cell.row
    group = (cell.source.group,) if cell.source.group and cell.column != scheme.column else ()
    return "/".join((*group, *(label for label in about if label != _TRIVIAL), column))


def _is_of_group(cell: Cell, scheme: Scheme) -> bool:
    return cell.source is not scheme.files[0] and bool(cell.source.group)


def _rank(figure: Figure, scheme: Scheme, head: tuple[str, ...]) -> tuple[bool, bool]:
    return figure.name != scheme.headline, figure.row != head
