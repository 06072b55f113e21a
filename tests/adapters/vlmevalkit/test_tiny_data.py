"""The made-up data stand for VLMEvalKit's: every way of scoring, pictures, answers that are right and wrong."""

from __future__ import annotations

import base64
import csv
from collections.abc import Iterable
from pathlib import Path

import pytest

from adapters.vlmevalkit.catalog import Entry, catalog
from hub.pictures import size_of
from tests.adapters.vlmevalkit import tiny_answers
from tests.adapters.vlmevalkit.tiny_data import TABLES, rows_of, write_data

MADE_UP = [entry for entry in catalog().values() if entry.tables and set(entry.tables) <= set(TABLES)]


def ways(entries: Iterable[Entry]) -> set[tuple[str, str]]:
    """Return how the entries that get a score are scored."""
    return {(entry.scheme.kind, entry.scheme.headline) for entry in entries if not _without_score(entry)}


def _without_score(entry: Entry) -> bool:
    return bool(entry.unavailable or entry.answers_only)


def test_there_are_data_for_every_way_of_scoring() -> None:
    assert len([entry for entry in MADE_UP if not _without_score(entry)]) >= 50
    assert ways(MADE_UP) == ways(catalog().values())


def test_the_same_bytes_are_written_each_time(tmp_path: Path) -> None:
    one, two = write_data(tmp_path / "one"), write_data(tmp_path / "two")

    assert {path.name: path.read_bytes() for path in one.iterdir()} == {
        path.name: path.read_bytes() for path in two.iterdir()
    }
    assert {path.stem for path in one.iterdir()} == set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_read_back_as_it_was_written(tmp_path: Path, name: str) -> None:
    write_data(tmp_path, [name])

    with (tmp_path / f"{name}.tsv").open(newline="") as file:
        found = list(csv.DictReader(file, delimiter="\t"))
    assert [row["question"] for row in found] == [row["question"] for row in rows_of(name)]
    assert len({row["index"] for row in found}) == len(found)


@pytest.mark.parametrize("name", TABLES)
def test_its_pictures_are_pictures_or_the_index_of_another_row_s(name: str) -> None:
    rows = {str(row["index"]): row["image"] for row in rows_of(name)}
    held = [image for image in rows.values() if len(image) > 64]  # VLMEvalKit takes a shorter text for an index

    assert held
    assert all(rows[image] in held for image in rows.values() if image not in held)
    first = base64.b64decode(held[0].strip("[]'").partition("'")[0])
    assert first.startswith(b"%PDF-") if "evidence_pages" in rows_of(name)[0] else size_of(first) == (24, 18)


def test_the_model_and_the_judge_are_neither_always_right_nor_always_wrong() -> None:
    rows = [(name, row) for name in TABLES if "MMBench" not in name for row in rows_of(name) if "A" not in row]
    right = [tiny_answers.said(name, row).lower().startswith(tiny_answers.right(row).lower()) for name, row in rows]

    assert 0.4 < sum(right) / len(right) < 0.9
