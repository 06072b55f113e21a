"""Broken data: which file, which row, what is wrong there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.opencompass.runner.datafaults import data_fault

ERROR = AssertionError()


def fault(folder: Path, name: str, text: str, error: BaseException = ERROR) -> str:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return data_fault(error, folder, [name])


def lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize("name", ["a.jsonl", "FewCLUE/a.json"])
def test_a_line_that_is_no_json_is_named(tmp_path: Path, name: str) -> None:
    found = fault(tmp_path, name, '{"q": 1}\n\n{"q": \n{"q": 3}\n')

    assert found == f"data/{name}, line 3: no JSON: Expecting value (column 7)"


def test_a_first_line_that_is_no_json_is_named_where_the_others_are(tmp_path: Path) -> None:
    assert fault(tmp_path, "a.json", '{"q": \n{"q": 2}\n{"q": 3}\n').startswith("data/a.json, line 1: no JSON")


def test_a_file_that_is_no_json_as_a_whole_is_named(tmp_path: Path) -> None:
    assert fault(tmp_path, "a.json", '[{"q": 1},\n {"q": ').startswith(
        "data/a.json: no JSON: Expecting value: line 2"
    )


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "q,A,B\nx,1,2\nonly this\n", "line 3: 1 columns, not 3"),
        ("nq/a.qa.csv", "who\t['me']\nwhen\n", "line 2: 1 columns, not 2"),
        ("nq/a.qa.csv", "who\t['me']\nwhen\tnow()\n", "line 2: the answer 'now()' is not a list of texts"),
    ],
)
def test_a_row_of_a_table_is_named(tmp_path: Path, name: str, text: str, said: str) -> None:
    assert f"data/{name}, {said}" in fault(tmp_path, name, text)


def test_a_row_without_what_a_loader_looked_for_is_named(tmp_path: Path) -> None:
    found = fault(tmp_path, "a.jsonl", lines({"q": 1, "label": 1}, {"q": 2}), KeyError("label"))

    assert found == "data/a.jsonl, line 2: no 'label'"


@pytest.mark.parametrize(("value", "shown"), [("perhaps", '"perhaps"'), (True, "true")])
def test_a_value_that_a_loader_does_not_know_is_named_where_it_stands(
    tmp_path: Path, value: object, shown: str
) -> None:
    rows = lines({"q": 1, "target": {"label": "no"}}, {"q": 1, "target": {"label": value}})

    found = fault(tmp_path, "a.jsonl", rows, KeyError(value))

    assert found == f"data/a.jsonl, line 2: 'label' is {shown}, which OpenCompass does not know"


def test_a_column_is_looked_for_as_one_though_it_is_a_value_too(tmp_path: Path) -> None:
    found = fault(tmp_path, "a.jsonl", lines({"q": "label", "label": 1}, {"q": 2}), KeyError("label"))

    assert found == "data/a.jsonl, line 2: no 'label'"


def test_without_a_name_it_is_the_row_that_lacks_what_the_others_have(tmp_path: Path) -> None:
    text = json.dumps({"examples": [{"input": 1, "target": 1}, {"input": 2}, {"input": 3, "target": 3}]})

    assert fault(tmp_path, "a.json", text, TypeError("no")) == "data/a.json, row 2: no 'target'"


def test_a_paragraph_is_named_within_its_article(tmp_path: Path) -> None:
    paragraphs = [{"context": "x", "qas": []}, {"context": "y"}]

    found = fault(tmp_path, "a.json", json.dumps({"data": [{"paragraphs": paragraphs}]}), KeyError("qas"))

    assert found == "data/a.json, article 1, paragraph 2: no 'qas'"


def test_a_column_that_a_table_does_not_have_is_named(tmp_path: Path) -> None:
    found = fault(tmp_path, "a.csv", "id,question\n1,x\n", KeyError("answer"))

    assert found == "data/a.csv, line 1: no 'answer'"


def test_labels_are_compared_with_their_rows(tmp_path: Path) -> None:
    (tmp_path / "dev.jsonl").write_text("{}\n{}\n")

    assert fault(tmp_path, "dev-labels.lst", "1\n") == "data/dev-labels.lst: 1 lines, and dev.jsonl has 2"


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"q": "\xff"}')

    assert data_fault(ERROR, tmp_path, ["a.jsonl"]) == "data/a.jsonl: not UTF-8: invalid start byte at byte 7"


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    assert data_fault(ERROR, tmp_path, ["a.jsonl", "b.csv"]) == "data/a.jsonl, data/b.csv: not there"


@pytest.mark.parametrize("error", [ERROR, KeyError("./data/a.jsonl"), KeyError(3)])
def test_whole_data_have_no_fault(tmp_path: Path, error: BaseException) -> None:
    assert fault(tmp_path, "a.jsonl", lines({"q": 1}, {"q": 2}), error) == ""
