"""The made-up data have what the published files have: else the tests would show nothing about those."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.opencompass.catalog import catalog
from tests.adapters.opencompass.tiny_data import write_data

COLUMNS = yaml.safe_load((Path(__file__).parent / "columns.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the whole data folder."""
    return write_data(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize("name", catalog())
def test_every_file_of_a_data_set_is_there(folder: Path, name: str) -> None:
    entry = catalog()[name]

    assert all((folder / file).is_file() for file in entry.files_of(tuple(entry.parts)))


@pytest.mark.parametrize("name", catalog())
def test_its_rows_have_the_published_columns(folder: Path, name: str) -> None:
    entry = catalog()[name]
    subset = next(iter(entry.parts))
    found = {file: sorted(_columns(folder / file.format(subset))) for file in entry.files}

    assert found == {file: sorted(columns) for file, columns in COLUMNS[name].items()}


def _columns(file: Path) -> set[str]:
    return {key for row in _rows(file) for key in row}


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file with their columns' names, or numbers where it names none."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".csv":
        rows = list(csv.reader(text.splitlines(), delimiter="\t" if file.name.endswith(".qa.csv") else ","))
        named = rows[0][-1].lower() in {"answer", "explanation", "d"}
        yield {str(index if not named else name): "" for index, name in enumerate(rows[0])}
    elif file.suffix in {".lst", ".txt"}:
        yield {"line": ""}
    elif file.suffix == ".jsonl" or text.count("\n") > 1:
        yield from map(json.loads, text.splitlines())
    else:
        yield from _inside(json.loads(text))


def _inside(content: Any) -> Iterator[dict[str, Any]]:
    """Yield the rows of one JSON value: a list, or what its one list or mapping of rows holds."""
    if isinstance(content, list):
        yield from (row if isinstance(row, dict) else dict(enumerate_names(row)) for row in content)
    elif "example" in content or "examples" in content:
        yield from content.get("example") or content["examples"]
    elif "data" in content:
        yield from (paragraph for article in content["data"] for paragraph in article["paragraphs"])
    else:
        yield from content.values()


def enumerate_names(row: list[Any]) -> Iterator[tuple[str, Any]]:
    """Yield the fields of a row without names by their numbers."""
    return ((str(index), value) for index, value in enumerate(row))
