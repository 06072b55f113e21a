"""Every format is read alike, and a broken row names its file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.native.evaluator.errors import DataError
from adapters.native.evaluator.reader import read_rows

ROWS = [{"question": "a, b?", "answer": "\u5317\u4eac"}, {"question": "c", "answer": "d"}]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonl", "".join(json.dumps(row) + "\n" for row in ROWS)),
        ("a.jsonl", "\ufeff" + "\n\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS)),
        ("a.json", json.dumps(ROWS)),
        ("a.json", json.dumps({"version": "1", "examples": ROWS})),
        ("a.csv", 'question,answer\n"a, b?",\u5317\u4eac\nc,d\n'),
        ("a.tsv", "question\tanswer\na, b?\t\u5317\u4eac\nc\td\n"),
        ("A.CSV", 'question,answer\r\n"a, b?",\u5317\u4eac\r\nc,d\r\n'),
    ],
)
def test_formats(tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8", newline="")

    assert [row.data for row in read_rows(file)] == ROWS


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.jsonl", '{"question": 1}\n\n{"question": \n', r"a\.jsonl:3: not valid JSON"),
        ("a.jsonl", '{"question": 1}\n[1, 2]\n', r"a\.jsonl:2: expected a JSON object .* found list"),
        ("a.json", "{", r"a\.json: not valid JSON"),
        ("a.json", '{"a": [], "b": []}', "one such list"),
        ("a.json", "[{}, 3]", r"a\.json: row 2: expected a JSON object"),
        ("a.csv", "question,answer\na,b\nc,d,e\n", r"a\.csv:3: the header has 2 columns, this row 3"),
        ("a.csv", "question,answer\na\n", r"a\.csv:2: the header has 2 columns, this row 1"),
        ("a.csv", 'question,answer\n"a,b\n', "not valid CSV"),
        ("a.jsonl", '{"question": 1}\n{"answer": 1, "answer": 2}\n', r"a\.jsonl:2: .* key 'answer' .* twice"),
        ("a.json", '[{"choices": {"text": [], "text": []}}]', r"a\.json: .* key 'text' stands in one object twice"),
        ("a.csv", "question,answer,answer\na,b,c\n", r"a\.csv: the header names the column 'answer' twice"),
        ("a.jsonl", '{"answer": 1}\n{"answer": "\\ud83d"}\n', r"a\.jsonl:2: column 'answer' holds half a character"),
        ("a.json", '[{"choices": ["a", "\\udc00"]}]', r"row 1: column 'choices' holds half .* '\\udc00'"),
        ("a", "x", "its path leads to a file that is no table"),
        ("a.b", "x", "its path leads to a file that is no table"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")

    with pytest.raises(DataError, match=message):
        read_rows(file)


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("question,answer\nH\u00f6he,x\n".encode("latin-1"))

    with pytest.raises(DataError, match="not UTF-8"):
        read_rows(file)


def test_a_missing_file_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_rows(tmp_path / "a.jsonl")


def test_every_broken_line_is_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"question": 1}\n{\n[1]\n{"question": 2}\n', encoding="utf-8")

    with pytest.raises(DataError) as raised:
        read_rows(file)

    first, *places = raised.value.reason.splitlines()
    assert first == "2 rows cannot be used:"
    assert [place.split(": ")[0].strip() for place in places] == ["a.jsonl:2", "a.jsonl:3"]


def test_a_number_of_too_many_digits_is_a_broken_line(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"answer": ' + "9" * 5000 + "}\n", encoding="utf-8")

    with pytest.raises(DataError, match=r"a\.jsonl:1: not valid JSON"):
        read_rows(file)


def test_a_whole_character_written_as_two_escapes_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text('{"answer": "\\ud83d\\ude00"}\n', encoding="utf-8")

    assert read_rows(file)[0].data == {"answer": "\U0001f600"}
