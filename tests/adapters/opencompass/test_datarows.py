"""Rows of data files, and what stands in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.opencompass.runner.datarows import FaultError, field_with, json_rows, names_in


def test_a_row_has_its_place_for_a_person(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"q": 1}\n\n{"q": 2}\n')
    (tmp_path / "b.json").write_text('{"examples": [{"q": 1}]}')

    assert [row.place for row in json_rows(tmp_path / "a.jsonl")] == ["line 1", "line 3"]
    assert [row.place for row in json_rows(tmp_path / "b.json")] == ["row 1"]


def test_what_is_no_json_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{")

    with pytest.raises(FaultError, match="line 1: no JSON"):
        list(json_rows(tmp_path / "a.jsonl"))


def test_names_are_found_at_any_depth() -> None:
    assert set(names_in({"a": [{"b": 1}], "c": {"d": "e"}})) == {"a", "b", "c", "d"}


@pytest.mark.parametrize(
    ("value", "field"), [("x", "b"), (1, "c"), (True, "d"), ("y", "e"), (2, ""), (False, ""), ("b", "")]
)
def test_a_value_is_found_under_its_name(value: object, field: str) -> None:
    content = {"a": [{"b": "x"}], "c": 1, "d": True, "e": ["y"]}

    assert field_with(content, value) == field
