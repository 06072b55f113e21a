"""What a benchmark composes from several columns."""

from __future__ import annotations

import pytest

from adapters.native.evaluator.compose import compose
from adapters.native.evaluator.errors import RowError
from adapters.native.evaluator.reader import Row

ROW = Row({"a": "x", "b": "{{ a }}"}, "f.jsonl:3")


def test_a_template_and_a_list_of_them_become_columns() -> None:
    found = compose(ROW, {"both": "{{ row.a }}-{{ row.b }}", "choices": ("{{ row.a }}", "no")})

    assert found.data == {"a": "x", "b": "{{ a }}", "both": "x-{{ a }}", "choices": ["x", "no"]}


def test_a_column_that_is_not_there_is_named_with_its_line() -> None:
    with pytest.raises(RowError, match=r"f\.jsonl:3: a column is missing: .*'c'") as raised:
        compose(ROW, {"c": "{{ row.c }}"})

    assert "'a', 'b'" in raised.value.hint
