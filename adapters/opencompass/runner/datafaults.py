"""Say where data are broken: file, line and what is wrong there, for an error of a loader that tells none of it.

OpenCompass's loaders fail with what Python said, `JSONDecodeError` or a bare `AssertionError`. The files of the part
are looked through once more, after such a failure only: what a loader takes is never refused here.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from adapters.opencompass.runner.datarows import ANSWERS, FaultError, Row, field_with, json_rows, named_rows, names_in
from adapters.opencompass.runner.literals import LiteralError, literal

_LABELS = "-labels.lst"
_JSON = (".json", ".jsonl")


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
    return _unknown(data, wanted, error) or _lacking(data, wanted, _asked_for(error))


def lacks(column: str, data: Path, files: Iterable[str]) -> bool:
    """Return whether a row of the files below `data` has no such column."""
    try:
        return bool(_lacking(data, [name for name in files if (data / name).is_file()], (column,)))
    except (FaultError, ValueError, OSError, csv.Error):
        return False  # a loader took them, and knows better


def _asked_for(error: BaseException) -> tuple[str, ...]:
    """Return the column that a loader looked for in vain; what looks like a path is none."""
    key = error.args[0] if isinstance(error, KeyError) and error.args else None
    return (key,) if isinstance(key, str) and "/" not in key else ()


def _unknown(data: Path, files: Sequence[str], error: BaseException) -> str:
    """Return the first row with the value that a loader did not find among those it knows: none is a column."""
    if not isinstance(error, KeyError) or not error.args or error.args[0] is None:
        return ""
    value = error.args[0]
    rows = [(name, row) for name in files if name.endswith(_JSON) for row in json_rows(data / name)]
    if any(value in names_in(row.content) for _, row in rows):
        return ""
    for name, row in rows:
        if field := field_with(row.content, value):
            shown = json.dumps(value, ensure_ascii=False)
            return f"data/{name}, {row.place}: {field!r} is {shown}, which OpenCompass does not know"
    return ""


def _said(look: Callable[[Path], None], data: Path, name: str) -> str:
    try:
        look(data / name)
    except FaultError as fault:
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
        for _ in json_rows(file):
            pass


def _labels(file: Path) -> None:
    """Raise where a file of labels has not one for each row of the file that it belongs to."""
    rows = file.with_name(file.name.replace(_LABELS, ".jsonl"))
    if not file.name.endswith(_LABELS) or not rows.is_file():
        return
    labels, count = (len(part.read_text(encoding="utf-8").splitlines()) for part in (file, rows))
    if labels != count:
        raise FaultError(f": {labels} lines, and {rows.name} has {count}")


def _table(file: Path) -> None:
    answers = file.name.endswith(ANSWERS)
    width = 2 if answers else 0
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream, delimiter="\t" if answers else ",")
        for row in reader:
            width = width or len(row)
            if len(row) != width:
                raise FaultError(f", line {reader.line_num}: {len(row)} columns, not {width}")
            if answers:
                _answers(row[1], reader.line_num)


def _answers(cell: str, line: int) -> None:
    try:
        literal(cell)
    except LiteralError as error:
        raise FaultError(f", line {line}: {error}") from error


def _lacking(data: Path, files: Iterable[str], keys: Sequence[str]) -> str:
    """Return the first row that lacks one of `keys`, else what nearly all other rows of its file have."""
    for name in files:
        rows = [Row(row.place, set(names_in(row.content))) for row in named_rows(data / name, keys)]
        usual = Counter(key for row in rows for key in row.content)
        wanted = keys or [key for key, count in usual.items() if 2 * count > len(rows)]
        for row in rows:
            if absent := [key for key in wanted if key not in row.content]:
                return f"data/{name}, {row.place}: no {', '.join(map(repr, absent))}"
    return ""
