"""Numbers are read as a person would read them, and compared, never evaluated."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.native.evaluator.numbers import extract_number, numbers, same_number, without_annotations


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#### 18", "18"),
        ("3 + 4 = 7\n#### 7", "7"),
        ("####7", "7"),
        ("#### $1,234.50", "1234.50"),
        ("#### -5", "-5"),
        ("#### -$5", "-5"),
        ("#### $-5", "-5"),
        ("#### \u22125", "-5"),
        ("#### 50%", "50"),
        ("#### 18 dollars for 2 days", "18"),
        ("#### 18.", "18"),
        ("#### .5", ".5"),
        ("#### 007", "007"),
        ("#### 1\nno, wait:\n#### 2", "2"),
        ("The total is 36.\n####", "36"),
        ("So she pays 10-5 dollars", "5"),
        ("It is 5 degrees, then -3", "-3"),
        ("USD1,234", "1234"),
        ("1, 2 and 3", "3"),
        ("2,000,000 people", "2000000"),
        ("The answer is 3.14.", "3.14"),
        ("\uff11\uff12 units", "12"),
        ("x1,2345", "2345"),
        ("The result is \\boxed{42}. Check: 40 + 2 is right in 1 step", "42"),
        ("**Answer:** 12 apples, so 3 are left over from 15", "12"),
        ("The answer is 7, as 3 + 4 = 7 and not 8", "7"),
        ("\u7b54\u6848\u662f 15 \u4e2a\uff0c\u800c\u4e0d\u662f 16", "15"),
        ("The answer is 3 * 6 = 18.", "18"),
        ("The answer is 10 \u2212 4 = 6, and not 7", "6"),
        ("#### 2 + 3 = 5", "5"),
        ("\\boxed{x = 5}", "5"),
        ("#### 5 (that is 10/2)", "5"),
        ("#### Step 3: add\n\nThe sum is 4 + 5 = 9.\n\nThe answer is 9.", "9"),
        ("#### 3. Add\n\nIn all there are 9", "9"),
        ("\\boxed{1{,}234}", "1234"),
        ("\\boxed{\\frac{1}{2}}", "0.5"),
        ("#### 1/2", "0.5"),
        ("It was on 3/4/2021", "2021"),
        ("Answer:\n\n**18**", "18"),
        ("It is 18, at \u00a37 each: \\boxed{\u00a318}", "18"),
        ("no number at all", None),
        ("", None),
        ("####", None),
        ("9" * 500, None),
    ],
)
def test_the_answer_is_behind_the_last_mark_or_the_last_number(text: str, expected: str | None) -> None:
    assert extract_number(text) == expected


def test_calculator_annotations_are_removed() -> None:
    assert without_annotations("48/2 = <<48/2=24>>24 clips") == "48/2 = 24 clips"


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("18", "18.0", True),
        ("007", "7", True),
        ("0.3333333", "0.333333", True),
        ("1", "1.001", False),
        ("-1", "1", False),
    ],
)
def test_numbers_are_compared_by_value(first: str, second: str, same: bool) -> None:
    assert same_number(first, second) is same


@given(st.integers(-(10**15), 10**15), st.sampled_from(["{}", "{:,}", "{}.", "{}%", "{} apples", "**{}**"]))
def test_any_integer_is_found_behind_the_mark_in_any_spelling(value: int, spelling: str) -> None:
    found = extract_number("12 + 30 = 42\n#### " + spelling.format(value))

    assert found is not None
    assert int(Decimal(found)) == value


@given(st.decimals(-(10**9), 10**9, allow_nan=False, places=4))
def test_any_decimal_at_the_end_is_found(value: Decimal) -> None:
    found = extract_number(f"After 3 steps the result is {value:f}")

    assert found is not None
    assert same_number(found, str(value))


@given(st.text())
def test_whatever_is_found_in_any_text_is_a_finite_number(text: str) -> None:
    assert all(Decimal(number).is_finite() for number in numbers(text))
