"""What stands in the place of `eval`: the same values for data, and nothing that runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.vlmevalkit.runner.cells import read_cell

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=8,
)


@given(PLAIN)
def test_what_python_writes_is_read_again(value: object) -> None:
    assert read_cell(repr(value)) == value


@pytest.mark.parametrize(
    "text", ["1+2*3", "7/2", "7//2", "-3", "2**10", "2**-1", "1e-6", "[1/2, 3]", " 'a' 'b'", "{1, 2}"]
)
def test_arithmetic_means_what_it_means_to_python(text: str) -> None:
    assert read_cell(text) == eval(text.strip())  # noqa: S307 - the texts are above


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "open('{folder}/mark', 'w')",
        "(lambda: 1)()",
        "[x for x in 'ab']",
        "f'{{1}}'",
        "'a'.join('b')",
        "print",
        "'a' * 1000000000",
        "9**9**9",
        "(1).__class__",
    ],
)
def test_what_would_run_does_not(text: str, tmp_path: Path) -> None:
    with pytest.raises((NameError, ValueError, TypeError, OverflowError)):
        read_cell(text.format(folder=tmp_path))

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("text", "kind"), [("a dog", SyntaxError), ("dog", NameError), ("1/0", ZeroDivisionError)])
def test_errors_are_those_of_python(text: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        read_cell(text)


@pytest.mark.parametrize("value", [None, 3, float("nan"), ["a"]])
def test_what_is_no_text_is_an_error_as_it_is_for_eval(value: object) -> None:
    with pytest.raises(TypeError):
        read_cell(value)


def test_a_name_is_what_the_code_around_has_under_it_where_that_is_plain() -> None:
    def compared(answer: str) -> bool:
        right = 5
        return read_cell(answer) == right

    assert compared("right")
    with pytest.raises(NameError):
        read_cell("compared")
