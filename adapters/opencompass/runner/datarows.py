"""The rows of OpenCompass's data files, each with its place for a person, whatever the form of the file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ANSWERS = ".qa.csv"  # question and a list of answers, with a tab between


class Row(NamedTuple):
    """One row of a file: where it is, for a person, and what it holds."""

    place: str
    content: Any


class FaultError(Exception):
    """What is wrong with a file."""


def json_rows(file: Path) -> Iterator[Row]:
    """Yield the rows of a JSON file, or of one with a value in each line.

    Raises:
        FaultError: it is neither.
    """
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
        raise FaultError(f": no JSON: {error}") from error
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
        raise FaultError(f", line {number}: no JSON: {reason}") from error


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


def named_rows(file: Path, keys: Sequence[str]) -> Iterator[Row]:
    """Yield the rows whose fields have names; of a table its first line, where a column of it is looked for."""
    if file.suffix in {".json", ".jsonl"}:
        yield from json_rows(file)
    elif file.suffix == ".csv" and keys and not file.name.endswith(ANSWERS):
        with file.open(encoding="utf-8", newline="") as stream:
            yield Row("line 1", dict.fromkeys(next(csv.reader(stream), [])))


def names_in(content: Any) -> Iterator[str]:
    """Yield the names in a row, those of what it holds, too."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield key
            yield from names_in(value)
    elif isinstance(content, list):
        for value in content:
            yield from names_in(value)


def field_with(content: Any, value: object, name: str = "") -> str:
    """Return the name in a row under which a value stands, empty where it does not; `name` is that of `content`."""
    if isinstance(content, dict):
        inside = [(str(key), part) for key, part in content.items()]
    elif isinstance(content, list):
        inside = [(name, part) for part in content]
    else:
        return name if type(content) is type(value) and content == value else ""
    return next(filter(None, (field_with(part, value, at) for at, part in inside)), "")
