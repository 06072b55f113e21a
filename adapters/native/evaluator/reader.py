"""Read rows from a data file: jsonl, json, csv, tsv or parquet; every row knows its file and line."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from adapters.native.evaluator.errors import DataError, RowError
from adapters.native.evaluator.gather import gather

_LONGEST_CELL = 1 << 30  # Python's own 128 KiB are less than a long document


class Row(NamedTuple):
    """One row, and `file:line` (or `file: row n`) for messages."""

    data: dict[str, Any]
    place: str


def read_rows(file: Path, header: Sequence[str] = ()) -> list[Row]:
    """Return all rows of a file; `header`: the columns of a CSV file whose first line names none of them.

    Raises:
        DataError: the file is not there, is not what its name says, or rows are broken: all of them are named.
    """
    readers: dict[str, Callable[[Path], list[Row]]] = {
        ".jsonl": _jsonl,
        ".json": _json,
        ".csv": _csv,
        ".tsv": _csv,
        ".parquet": _parquet,
    }
    reader = readers.get(file.suffix.lower())
    if reader is None:
        # Only the task's own `path` gets here, and inside a job it has the data set's name, not that of the file.
        hint = f"Files are told by the end of their names: {' '.join(readers)}"
        raise DataError("its path leads to a file that is no table", hint=hint)
    try:
        return _csv(file, header) if reader is _csv else reader(file)
    except UnicodeDecodeError as error:
        raise DataError(f"{_undecodable(file)}: {error.reason}", hint="Save the file as UTF-8.") from error
    except OSError as error:
        raise DataError(f"{file.name}: cannot be read: {error.strerror or error}") from error


def _undecodable(file: Path) -> str:
    """Return file and line of the first byte that is no UTF-8; a reader by pieces knows neither."""
    raw = file.read_bytes()
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return f"{file.name}:{line}: not UTF-8 text"
    return f"{file.name}: not UTF-8 text"


def _jsonl(file: Path) -> list[Row]:
    with file.open(encoding="utf-8-sig") as lines:
        filled = ((line, f"{file.name}:{number}") for number, line in enumerate(lines, 1) if line.strip())
        return gather(lambda entry: _row(_parsed(*entry), entry[1]), filled)


def _json(file: Path) -> list[Row]:
    content = _parsed(file.read_text(encoding="utf-8-sig"), file.name)
    if isinstance(content, dict):
        lists = [value for value in content.values() if isinstance(value, list)]
        content = lists[0] if len(lists) == 1 else None
    if not isinstance(content, list):
        raise DataError(f"{file.name}: expected a list of objects, or an object that holds one such list")
    return gather(lambda entry: _row(entry[1], f"{file.name}: row {entry[0]}"), enumerate(content, 1))


def _parsed(text: str, place: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if error.lineno > 1 else ""
        raise RowError(place, f"not valid JSON: {error.msg} ({line}column {error.colno})") from error
    except (ValueError, RecursionError) as error:  # ValueError: also a number of thousands of digits
        raise RowError(place, f"not valid JSON: {error.args[0]}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object; Python itself would keep the last of two equal keys in silence."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"the key {_twice([key for key, _ in pairs])!r} stands in one object twice")
    return found


def _twice(names: Sequence[str]) -> str | None:
    return next((name for index, name in enumerate(names) if name in names[:index]), None)


def _row(value: object, place: str) -> Row:
    if not isinstance(value, dict):
        raise RowError(place, f"expected a JSON object with column names, found {type(value).__name__}")
    for name, cell in value.items():
        try:
            json.dumps([name, cell], ensure_ascii=False).encode()
        except UnicodeEncodeError as error:  # noqa: PERF203 - the column must be named
            what = f"column {name!r} holds half a character (a lone surrogate, {error.object[error.start]!a})"
            raise RowError(place, what, hint="Write the whole character, or remove what is left of it.") from error
    return Row(value, place)


def _csv(file: Path, header: Sequence[str] = ()) -> list[Row]:
    csv.field_size_limit(_LONGEST_CELL)
    delimiter = "\t" if file.suffix.lower() == ".tsv" else ","
    with file.open(encoding="utf-8-sig", newline="") as lines:
        names = None if _names_columns(next(csv.reader(lines, delimiter=delimiter), []), header) else header
        lines.seek(0)
        rows = csv.DictReader(lines, names, delimiter=delimiter, strict=True)
        try:
            twice = _twice([name for name in rows.fieldnames or () if name])
            if twice is not None:
                hint = "Give every column its own name."
                raise DataError(f"{file.name}: the header names the column {twice!r} twice", hint=hint)
            return gather(lambda data: _complete(data, f"{file.name}:{rows.line_num}", rows.fieldnames or ()), rows)
        except csv.Error as error:
            # line_num is that of the last good row.
            raise DataError(f"{file.name}:{rows.line_num + 1}: not valid CSV: {error}") from error


def _names_columns(first: Sequence[str], header: Sequence[str]) -> bool:
    """Return whether a file's first line is a header: always, unless its columns are known and none is there."""
    wanted = {name.lower() for name in header}
    return not wanted or bool(wanted & {name.strip().lower().lstrip("\ufeff") for name in first if len(name) > 1})


def _complete(data: dict[str | Any, Any], place: str, header: Sequence[str]) -> Row:
    extra = len(data[None]) if None in data else 0
    found = extra + sum(value is not None for key, value in data.items() if key is not None)
    if found != len(header):
        hint = "Quote fields that contain the separator."
        raise RowError(place, f"the header has {len(header)} columns, this row {found}", hint=hint)
    return Row(data, place)


def _parquet(file: Path) -> list[Row]:
    # Heavy, and only needed for this format.
    import pyarrow as pa
    from pyarrow import parquet

    try:
        entries = parquet.read_table(file).to_pylist()
    except (pa.ArrowException, ValueError) as error:
        raise DataError(f"{file.name}: not a readable parquet file: {error}") from error
    return [Row(data, f"{file.name}: row {number}") for number, data in enumerate(entries, 1)]
