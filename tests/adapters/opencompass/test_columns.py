"""Columns that a prompt and its score need."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from adapters.opencompass.runner.columns import needed, require_columns

CONFIG = {
    "reader_cfg": {"input_columns": ["question", "hint"], "output_column": "answer"},
    "infer_cfg": {"prompt_template": {"template": "Q: {question}"}},
}


class Rows:
    """What a loaded data set shows of its columns."""

    def __init__(self, **columns: Sequence[Any]) -> None:
        self._columns = columns
        self.column_names = list(columns)

    def __getitem__(self, name: str) -> Sequence[Any]:
        return self._columns[name]

    def __len__(self) -> int:
        return max(map(len, self._columns.values()), default=0)


def test_what_no_prompt_names_is_not_needed() -> None:
    assert needed(CONFIG) == ("question", "answer")
    assert needed({**CONFIG, "reader_cfg": {"input_columns": "question", "output_column": None}}) == ("question",)


def test_a_column_that_is_absent_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="answer"):
        require_columns(Rows(question=["x"]), CONFIG, tmp_path, ("a.jsonl",))


@pytest.mark.parametrize(("row", "refused"), [({"answer": "y"}, True), ({"question": None, "answer": "y"}, False)])
def test_an_empty_field_is_refused_where_its_row_has_none(
    tmp_path: Path, row: dict[str, Any], *, refused: bool
) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"question": "x", "answer": "y"}) + "\n" + json.dumps(row))
    rows = Rows(question=["x", None], answer=["y", "y"])

    if not refused:
        require_columns(rows, CONFIG, tmp_path, ("a.jsonl",))
        return
    with pytest.raises(KeyError, match="question"):
        require_columns(rows, CONFIG, tmp_path, ("a.jsonl",))


@pytest.mark.parametrize(("text", "refused"), [("{}\n", True), ("", False)])
def test_where_nothing_was_loaded_the_files_tell_whether_columns_lack(
    tmp_path: Path, text: str, *, refused: bool
) -> None:
    (tmp_path / "a.jsonl").write_text(text)

    if not refused:
        require_columns(Rows(), CONFIG, tmp_path, ("a.jsonl",))
        return
    with pytest.raises(KeyError, match="question"):
        require_columns(Rows(), CONFIG, tmp_path, ("a.jsonl",))


def test_a_configuration_whose_files_nobody_knows_is_left_alone(tmp_path: Path) -> None:
    require_columns(Rows(), CONFIG, tmp_path, ())
