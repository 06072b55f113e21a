"""Tables of a user's own: what they lack, or have twice, is said before anything is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.vlmevalkit.contract import Dataset
from adapters.vlmevalkit.runner.tables import DataError, check_cells, check_columns, check_rows
from tests.adapters.vlmevalkit.tiny_data import rows_of, write_table

Row = dict[str, Any]


class Frame:
    """As much of a data frame as is looked at."""

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows

    def __getitem__(self, column: str) -> list[Any]:
        return [row[column] for row in self._rows]

    def to_dict(self, _: str) -> Iterator[Row]:
        return iter(self._rows)


def dataset(name: str, place: str = "/data/own/mine.tsv") -> Dataset:
    return Dataset("mine", "mine", name, {f"{name}.tsv": place})


@pytest.fixture
def rows() -> list[Row]:
    return [dict(row) for row in rows_of("MMStar")]


def test_a_table_with_all_that_is_read_is_taken(tmp_path: Path, rows: list[Row]) -> None:
    check_columns("own_image_mcq", write_table(tmp_path / "t.tsv", rows))
    check_rows(dataset("own_image_mcq"), Frame(rows))


@pytest.mark.parametrize("column", ["index", "question", "A", "B", "answer", "image"])
def test_a_column_that_is_missing_is_named(tmp_path: Path, rows: list[Row], column: str) -> None:
    for row in rows:
        del row[column]

    with pytest.raises(DataError, match=f"the table lacks the columns {column} \\(it has "):
        check_columns("own_image_mcq", write_table(tmp_path / "t.tsv", rows))


def test_pictures_may_be_files(tmp_path: Path, rows: list[Row]) -> None:
    table = write_table(tmp_path / "t.tsv", [{**row, "image_path": "a.png"} for row in rows])

    check_columns("own_image_openended", table)


def test_a_table_that_is_split_by_commas_is_told(tmp_path: Path) -> None:
    table = tmp_path / "t.tsv"
    table.write_text("index,question,answer,image\n")

    with pytest.raises(DataError, match="a TSV is split by tabs"):
        check_columns("own_image_openended", table)


def test_an_empty_file_lacks_everything(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").touch()

    with pytest.raises(DataError, match="lacks the columns index, question, answer, image"):
        check_columns("own_image_openended", tmp_path / "t.tsv")


def test_the_columns_of_a_published_data_set_are_its_own_business(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").touch()

    check_columns("MMStar", tmp_path / "t.tsv")


@pytest.mark.parametrize("name", ["own_image_mcq", "own_image_openended", "ChartQA_TEST"])
def test_rows_that_cannot_be_told_apart_are_refused(rows: list[Row], name: str) -> None:
    rows[3]["index"] = rows[0]["index"]

    with pytest.raises(DataError, match="2 rows have the index 0"):
        check_rows(dataset(name), Frame(rows))


@pytest.mark.parametrize("column", ["image", "answer", "category", "l2-category", "split"])
def test_a_cell_without_which_a_row_would_be_lost_is_named(tmp_path: Path, rows: list[Row], column: str) -> None:
    given = [{"category": "a", "l2-category": "b", "split": "test", **row} for row in rows]
    given[3][column] = ""

    with pytest.raises(DataError, match=f"row 3 has no {column}: "):
        check_cells("own_image_openended", write_table(tmp_path / "t.tsv", given))


def test_a_picture_of_any_size_is_one_cell(tmp_path: Path, rows: list[Row]) -> None:
    check_cells("own_image_mcq", write_table(tmp_path / "t.tsv", [{**row, "image": "x" * 200_000} for row in rows]))


def test_cells_of_a_published_data_set_are_its_own_business(tmp_path: Path, rows: list[Row]) -> None:
    check_cells("MMStar", write_table(tmp_path / "t.tsv", [{**row, "image": ""} for row in rows]))


def test_published_rows_are_taken_as_they_are(rows: list[Row]) -> None:
    rows[3]["index"] = rows[0]["index"]

    check_rows(dataset("MMStar", "/data/vlmevalkit/MMStar/MMStar.tsv"), Frame(rows))


@pytest.mark.parametrize("answer", ["amber 1", "a", "E", "", float("nan")])
def test_an_answer_that_is_no_option_is_refused(rows: list[Row], answer: object) -> None:
    rows[1]["answer"] = answer

    with pytest.raises(DataError, match=r"the answer of row 1 is .*, which is none of its options: A, B, C, D"):
        check_rows(dataset("own_image_mcq"), Frame(rows))


@pytest.mark.parametrize("text", ["None", "nan", "NA"])
def test_an_option_may_be_any_text(rows: list[Row], text: str) -> None:
    rows[3]["D"] = text

    check_rows(dataset("own_image_mcq"), Frame(rows))


@pytest.mark.parametrize("answer", ["[1, 2]", "['one', 2]", "[]"])
def test_right_answers_in_a_list_are_texts(rows: list[Row], answer: str) -> None:
    rows[2]["answer"] = answer

    with pytest.raises(
        DataError, match=r"the answer of row 2 is .*: a list of right answers holds texts, \['12', '13'\]"
    ):
        check_rows(dataset("own_image_openended"), Frame(rows))


@pytest.mark.parametrize("answer", ["['one', \"two\"]", "[sic] one", "(1, 2)", "12", "[1", "[" * 5000])
def test_anything_else_is_one_right_answer(rows: list[Row], answer: str) -> None:
    rows[2]["answer"] = answer

    check_rows(dataset("own_image_openended"), Frame(rows))


@pytest.mark.parametrize("answer", ["one", "['one']"])
def test_agreement_needs_several_people(rows: list[Row], answer: str) -> None:
    for row in rows:
        row["answer"] = "['one', 'two']"
    wanted = replace(dataset("own_image_openended"), metric="vqa_score")
    check_rows(wanted, Frame(rows))
    rows[2]["answer"] = answer

    with pytest.raises(DataError, match="row 2 has one right answer, and vqa_score counts who else said the same"):
        check_rows(wanted, Frame(rows))


def test_an_option_that_a_row_lacks_is_none(rows: list[Row]) -> None:
    rows[3]["D"] = float("nan")

    with pytest.raises(DataError, match="the answer of row 3 is 'D', which is none of its options: A, B, C"):
        check_rows(dataset("own_image_mcq"), Frame(rows))
