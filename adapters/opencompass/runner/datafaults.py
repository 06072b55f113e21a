"""Say where data are broken: file, line and what is wrong there, for an error of a loader that tells none of it.

OpenCompass's loaders fail with what Python said, `JSONDecodeError` or a bare `AssertionError`. The files of the part
are looked through once more, after such a failure only: what a loader takes is never refused here.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from adapters.opencompass.runner.literals import LiteralError, literal

_LABELS = "-labels.lst"
_ANSWERS = ".qa.csv"  # question and a list of answers, with a tab between


class Row(NamedTuple):
    """One row of a file: where it is, for a person, and what it holds."""

    place: str
    content: Any


class _FaultError(Exception):
    """What is wrong with a file."""


def data_fault(error: BaseException, data: Path, files: Iterable[str]) -> str:
    """Return where and what is wrong with the files below `data` that were read; empty where nothing is found."""
    wanted = [name for name in files if name]
    missing = [name for name in wanted if not (data / name).is_file()]
    if missing:
        return f"{', '.join(f'data/{name}' for name in missing)}: not there"
    for name in wanted:
        for look in (_form, _labels):
            if fault := _said(look, data, name):
                return fault
    return _lacking(data, wanted, _asked_for(error))


def lacks(column: str, data: Path, files: Iterable[str]) -> bool:
    """Return whether a row of the files below `data` has no such column."""
    try:
        return bool(_lacking(data, [name for name in files if (data / name).is_file()], (column,)))
    except (_FaultError, ValueError, OSError, csv.Error):
        return False  # a loader took them, and knows better


def _asked_for(error: BaseException) -> tuple[str, ...]:
    """Return the column that a loader looked for in vain; what looks like a path is none."""
    key = error.args[0] if isinstance(error, KeyError) and error.args else None
    return (key,) if isinstance(key, str) and "/" not in key else ()


def _said(look: Callable[[Path], None], data: Path, name: str) -> str:
    try:
        look(data / name)
    except _FaultError as fault:
        return f"data/{name}{fault}"
    except UnicodeDecodeError as error:
        return f"data/{name}: not UTF-8: {error.reason} at byte {error.start}"
    except (OSError, csv.Error) as error:
        return f"data/{name}: {error.strerror if isinstance(error, OSError) else error}"
    return ""


def _form(file: Path) -> None:
    """Raise for the first row that does not have the form of its file."""
    if file.suffix == ".csv":
        _table(file)
    elif file.suffix in {".json", ".jsonl"}:
        for _ in _json_rows(file):
            pass


def _labels(file: Path) -> None:
    """Raise where a file of labels has not one for each row of the file that it belongs to."""
    rows = file.with_name(file.name.replace(_LABELS, ".jsonl"))
    if not file.name.endswith(_LABELS) or not rows.is_file():
        return
    labels, count = (len(part.read_text(encoding="utf-8").splitlines()) for part in (file, rows))
    if labels != count:
        raise _FaultError(f": {labels} lines, and {rows.name} has {count}")


def _table(file: Path) -> None:
    answers = file.name.endswith(_ANSWERS)
    width = 2 if answers else 0
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream, delimiter="\t" if answers else ",")
        for row in reader:
            width = width or len(row)
            if len(row) != width:
                raise _FaultError(f", line {reader.line_num}: {len(row)} columns, not {width}")
            if answers:
                _answers(row[1], reader.line_num)


def _answers(cell: str, line: int) -> None:
    try:
        literal(cell)
    except LiteralError as error:
        raise _FaultError(f", line {line}: {error}") from error


def _json_rows(file: Path) -> Iterator[Row]:
    """Yield the rows of a JSON file, or of one with a value in each line."""
    text = file.read_text(encoding="utf-8")
    lines = text.split("\n")
    if file.suffix == ".jsonl" or _is_lines(lines):
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield Row(f"line {number}", _parsed(line, number))
        return
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _FaultError(f": no JSON: {error}") from error
    yield from _inside(content)


def _is_lines(lines: Sequence[str]) -> bool:
    """Return whether each line is a value: of the first two one is, where the other may be the broken one."""
    return any(_is_value(line) for line in lines[:2]) and len([line for line in lines if line.strip()]) > 1


def _is_value(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _parsed(line: str, number: int) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = f"{error.msg} (column {error.colno})" if isinstance(error, json.JSONDecodeError) else str(error)
        raise _FaultError(f", line {number}: no JSON: {reason}") from error


def _inside(content: Any) -> Iterator[Row]:
    """Yield the rows of one JSON value: those of its list, or of the one list that it holds, or its values."""
    if isinstance(content, dict):
        lists = [value for value in content.values() if isinstance(value, list)]
        content = lists[0] if len(lists) == 1 else list(content.values())
    for number, row in enumerate(content if isinstance(content, list) else (), 1):
        if isinstance(row, dict) and isinstance(row.get("paragraphs"), list):  # as SQuAD has them
            yield from (
                Row(f"article {number}, paragraph {at}", part) for at, part in enumerate(row["paragraphs"], 1)
            )
        else:
            yield Row(f"row {number}", row)


def _lacking(data: Path, files: Iterable[str], keys: Sequence[str]) -> str:
    """Return the first row that lacks one of `keys`, else what nearly all other rows of its file have."""
    for name in files:
        rows = [Row(row.place, set(_keys(row.content))) for row in _named_rows(data / name, keys)]
        usual = Counter(key for row in rows for key in row.content)
        wanted = keys or [key for key, count in usual.items() if 2 * count > len(rows)]
        for row in rows:
            if absent := [key for key in wanted if key not in row.content]:
                return f"data/{name}, {row.place}: no {', '.join(map(repr, absent))}"
    return ""


def _named_rows(file: Path, keys: Sequence[str]) -> Iterator[Row]:
    """Yield the rows whose fields have names; of a table its first line, where a column of it is looked for."""
    if file.suffix in {".json", ".jsonl"}:
        yield from _json_rows(file)
    elif file.suffix == ".csv" and keys and not file.name.endswith(_ANSWERS):
        with file.open(encoding="utf-8", newline="") as stream:
            yield Row("line 1", dict.fromkeys(next(csv.reader(stream), [])))


def _keys(content: Any) -> Iterator[str]:
    """Yield the names in a row, those of what it holds, too."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield key
            yield from _keys(value)
    elif isinstance(content, list):
        for value in content:
            yield from _keys(value)
