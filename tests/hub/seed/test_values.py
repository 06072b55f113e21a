from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.seed.values import assignments, truth, value_of


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("None", None),
        ("True", True),
        ("false", False),
        ("12", 12),
        ("-3", -3),
        ("007", 7),
        ("0.5", 0.5),
        ("1e-3", 0.001),
        ("torch.float16", "torch.float16"),
        ("auto", "auto"),
        ("'a,b'", "a,b"),
        ("['a', 'b']", ["a", "b"]),
        ("v1.0.2", "v1.0.2"),
        ("__import__('os').system('false')", "__import__('os').system('false')"),
        ("[__import__('os')]", "[__import__('os')]"),
        ("", ""),
    ],
)
def test_a_value_is_what_it_says_and_never_code(text: str, value: Any) -> None:
    assert value_of(text) == value


def test_the_readmes_model_args_are_read() -> None:
    given = "revision=v1.0.2,precision=torch.float16,device_map=auto"

    assert assignments(given) == {"revision": "v1.0.2", "precision": "torch.float16", "device_map": "auto"}


def test_commas_inside_brackets_and_quotes_separate_nothing() -> None:
    assert assignments("stop=['a','b'],x='1,2'") == {"stop": ["a", "b"], "x": "1,2"}


@pytest.mark.parametrize("text", ["a", "a=1,b", "=1", "a=1,a=2"])
def test_what_is_no_assignment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"key=value|twice"):
        assignments(text)


@given(st.text(max_size=200))
def test_any_text_gives_a_mapping_or_a_value_error(text: str) -> None:
    try:
        assignments(text)
    except ValueError as error:
        assert str(error)


@given(st.text(alphabet="[](){}'\"\\,=0123456789.e+-x", max_size=60))
def test_brackets_and_quotes_that_do_not_close_are_no_crash(text: str) -> None:
    try:
        assignments(f"k={text}")
    except ValueError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("value", "meant"), [("True", True), (0, False), ("no", False), ("perhaps", None), (None, False)]
)
def test_truth_is_read_from_words(value: object, meant: bool | None) -> None:
    assert truth(value) is meant
