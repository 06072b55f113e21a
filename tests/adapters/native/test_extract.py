"""A short answer, and what is in a box, are read as a person would read them, or not at all."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.native.evaluator.extract import extract_answer, extract_maths, last_box
from adapters.native.evaluator.letters import extract_letter
from adapters.native.evaluator.numbers import extract_number


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("So the answer is (D).", "(D)"),
        ("so the answer is No", "No"),
        ("The answer is **Paris**.", "Paris"),
        ("The final answer is $\\boxed{\\text{yes}}$.", "yes"),
        ("ANSWER: Paris", "Paris"),
        ("**ANSWER: Paris**", "Paris"),
        ("**Answer:** Paris", "Paris"),
        ("Answer:\nParis", "Paris"),
        ("### Final Answer: `] )`", "] )"),
        ('Answer: "New York"', "New York"),
        ("The answer to the question is: blue.", "blue"),
        ("First I thought the answer is red.\nBut the answer is blue.", "blue"),
        ("reasoning\n#### 12 miles", "12 miles"),
        ("reasoning, thus \\boxed{False}", "False"),
        ("\u7b54\u6848\u662f\u5317\u4eac\u3002", "\u5317\u4eac"),
        ("\u7b54\u6848\uff1a\u5317\u4eac", "\u5317\u4eac"),
        ("Paris", "Paris"),
        (" Paris.\n", "Paris"),
        ("<think>The answer is Rome.</think>\nThe answer is Paris.", "Paris"),
        ("The answer is 3.5", "3.5"),
        ("Answer: U.S.A...", "U.S.A..."),
        ("Paris is nice.\nRome is nice, too.", None),
        ("<think>The answer is Rome", None),
        ("", None),
        ("So the answer is:\n\nParis", "Paris"),
        ("Let me see.\n\n**Answer:**\n\nParis", "Paris"),
        ("Let me see.\n\n## Final Answer\n\n**Paris**", "Paris"),
        ("The correct answer would be Paris.", "Paris"),
        ("ANSWER: $5 to $10", "5 to $10"),
        ("#### Step 1\nIt is in France.\n\nThe answer is Paris.", "Paris"),
        ("<thought>The answer is Rome.</thought>The answer is Paris.", "Paris"),
        ("answer is " * 5000 + "Paris", "Paris"),
        ("ANSWER:", None),
        ("The final answer is", None),
    ],
)
def test_short_answer(text: str, expected: str | None) -> None:
    assert extract_answer(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("So $x = \\boxed{\\frac{1}{2}}$.", "\\frac{1}{2}"),
        ("\\boxed{1} or rather \\boxed{2}", "2"),
        ("\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"),
        ("\\boxed {x^{2}}", "x^{2}"),
        ("\\fbox{7}", "7"),
        ("Final Answer: The final answer is $12$. I hope it is correct.", "12"),
        ("The answer is $\\frac12$.", "\\frac12"),
        ("4", "4"),
        ("\\boxed{2", None),
        ("so $\\boxed 5$.", "5"),
        ("The answer is \\(\\frac{3}{4}\\).", "\\frac{3}{4}"),
        ("**Final Answer:** \\[ x^2 \\]", "x^2"),
        ("Final Answer:\n\\[\n42\n\\]", "42"),
        ("Final Answer:\n$$42$$", "42"),
        ("<think>\\boxed{1}</think>\\boxed{2}", "2"),
        ("two lines\nwithout a result", None),
    ],
)
def test_mathematical_result(text: str, expected: str | None) -> None:
    assert extract_maths(text) == expected


@given(st.text(alphabet="{}\\boxed123 ", max_size=60))
def test_what_is_in_a_box_has_its_braces_in_pairs(text: str) -> None:
    inside = last_box(text).replace("\\{", "").replace("\\}", "")

    assert inside.count("{") == inside.count("}")


@pytest.mark.parametrize(
    "unit", [" ", "\n", "*", "A ", "(A) ", "answer: ", "answer is ", "\\boxed{", "<think>", "####", "1,"]
)
def test_a_model_that_repeats_itself_takes_no_time_to_read(unit: str) -> None:
    text = unit * (20_000 // len(unit))
    began = time.process_time()

    for extract in (lambda said: extract_letter(said, "ABCD"), extract_answer, extract_maths, extract_number):
        extract(text)
        extract("Answer:" + text)

    assert time.process_time() - began < 2
