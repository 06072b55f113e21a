"""Python literals are read, and never run."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.toolbench.evaluator.stable.literals import NotLiteralError, canonical, read_literal

_PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
_VALUES = st.recursive(_PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


@given(st.dictionaries(st.text(), _VALUES))
def test_what_repr_wrote_is_read_back(value: dict[str, Any]) -> None:
    assert read_literal(repr(value)) == value


_OTHERS = ("{1: 2}", "{'a': open('x')}", "__import__('os')", "{'a'}", "{'a': 1} + {}", "'\\U00999999'", "9" * 5000)


@pytest.mark.parametrize("text", ["", "{", "[" * 99, *_OTHERS])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(NotLiteralError):
        read_literal(text)


def test_the_canonical_form_knows_no_order_but_types() -> None:
    assert canonical({"a": 1, "b": {"d": 1, "c": 2}}) == canonical({"b": {"c": 2, "d": 1}, "a": 1})
    assert canonical({"a": 1}) != canonical({"a": "1"})
