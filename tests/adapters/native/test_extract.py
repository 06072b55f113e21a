"""The letter of an answer is read as a person would read it, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.native.evaluator.extract import (
    extract_answer,
    extract_letter,
    extract_maths,
    last_box,
    without_thoughts,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ANSWER: B", "B"),
        ("Some reasoning about A.\n\nANSWER: B", "B"),
        ("ANSWER: A\nNo, that is wrong.\nANSWER: C", "C"),
        ("**ANSWER: B**", "B"),
        ("**ANSWER:** B", "B"),
        ("ANSWER: **B**", "B"),
        ("ANSWER: (B)", "B"),
        ("ANSWER: [B]", "B"),
        ("ANSWER: $\\boxed{B}$", "B"),
        ("ANSWER: 'B'", "B"),
        ("Answer:\nB", "B"),
        ("answer: b", "B"),
        ("ANSWER: B. Paris", "B"),
        ("ANSWER\uff1aB", "B"),
        ("ANSWER: \uff22", "B"),
        ("Final Answer: Option D", "D"),
        ("\\boxed{B}", "B"),
        ("so $\\boxed{\\text{C}}$.", "C"),
        ("the result is \\boxed{(D)}", "D"),
        ("\u7b54\u6848\u662fB", "B"),
        ("\u7b54\u6848\uff1aC\u3002", "C"),
        ("\u6240\u4ee5\u9009\u62e9 D", "D"),
        ("\u6545\u9009A", "A"),
        ("\u6b63\u786e\u7b54\u6848\u662f\u9009\u9879B\u3002", "B"),
        ("The answer is B.", "B"),
        ("The correct answer is (C), since iron is a metal.", "C"),
        ("the correct option is **A**", "A"),
        ("The best choice would be D", "D"),
        ("I would choose C because it fits.", "C"),
        ("Option B is correct.", "B"),
        ("**B**", "B"),
        ("**B. horse**", "B"),
        ("I think it is (B)", "B"),
        ("B", "B"),
        (" B\n", "B"),
        ("B.", "B"),
        ("B) horse", "B"),
        ("B. horse", "B"),
        ("Let me think.\nB", "B"),
        ("<think>ANSWER: A</think>ANSWER: C", "C"),
        ("maybe ANSWER: A</think>\n\nANSWER: C", "C"),
        ("<think>ANSWER: A ... and it never ends", None),
        ("", None),
        ("I do not know.", None),
        ("A horse is an animal.", None),
        ("Because of that, nothing.", None),
        ("The answer is a horse", None),
        ("ANSWER: E", None),
        ("ANSWER: Banana", None),
        ("The answer is All of the above", None),
    ],
)
def test_letter(text: str, expected: str | None) -> None:
    assert extract_letter(text, "ABCD") == expected


def test_only_the_letters_of_the_question_count() -> None:
    assert extract_letter("ANSWER: E", "ABCDE") == "E"


def test_thoughts_are_no_part_of_the_answer() -> None:
    assert without_thoughts("<think>1 + 1\n= 2</think>\n\n2") == "\n\n2"


@given(st.text())
def test_no_text_yields_anything_but_a_letter_of_the_question(text: str) -> None:
    assert extract_letter(text, "ABC") in {"A", "B", "C", None}


@given(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), st.text(alphabet="xyz .\n", max_size=40))
def test_the_last_line_that_was_asked_for_is_always_understood(letter: str, reasoning: str) -> None:
    assert extract_letter(f"{reasoning}\nANSWER: {letter}", "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == letter


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
