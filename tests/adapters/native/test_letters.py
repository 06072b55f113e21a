"""The letter of an answer is read as a person would read it, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.native.evaluator.letters import extract_letter


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
        ("The answer is: B", "B"),
        ("The answer is:\n\n**B**", "B"),
        ("**Answer: (B)** because", "B"),
        ("Answer: A. Wait, actually the correct answer is B.", "B"),
        ("\\boxed{A}? No. The answer is B.", "B"),
        ("The answer is B, not A.", "B"),
        ("Answer is B", "B"),
        ("Answer - B", "B"),
        ("ANSWER: \\(B\\)", "B"),
        ("ANSWER: <B>", "B"),
        ("ANSWER: {B}", "B"),
        ("<answer>B</answer>", "B"),
        ('{"answer": "B"}', "B"),
        ("### Answer:\n\n**(B)**", "B"),
        ("Answer:\n\n\\[\\boxed{B}\\]", "B"),
        ("\\boxed{\\mathbf{B}}", "B"),
        ("$\\boxed{\\textbf{(B)}\\ 5}$", "B"),
        ("\\boxed{B. Paris}", "B"),
        ("The answer is c.", "C"),
        ("answer: c) cat", "C"),
        ("b", "B"),
        ("(b)", "B"),
        ("b) horse", "B"),
        ("I'd go with B", "B"),
        ("So, B is correct.", "B"),
        ("B is the best answer.", "B"),
        ("Option B", "B"),
        ("Therefore, B.", "B"),
        ("It's B.", "B"),
        ("B\n\nExplanation: (A) is wrong. **C** is, too.", "B"),
        ("**B. horse**\n\n**Why?** A is wrong. **C** is a city.", "B"),
        ("A. no\nB. yes\nC. no\nD. no\n\nThe answer is B.", "B"),
        ("\u7b54\u6848\u662f\uff1aB", "B"),
        ("\u7b54\u6848\u4e3a\uff1a\u3010B\u3011", "B"),
        ("\u6545\u672c\u9898\u7b54\u6848\u4e3aB\u9879", "B"),
        ("B\u9879\u6b63\u786e", "B"),
        ("\u9009\u9879B\u6b63\u786e\uff0c\u9009\u9879A\u9519\u8bef\u3002", "B"),
        ("A\u9519\u8bef\uff0cB\u6b63\u786e\u3002\u6545\u9009\uff1aB", "B"),
        ("<thought>ANSWER: A</thought>ANSWER: B", "B"),
        ("<|begin_of_thought|>ANSWER: A<|end_of_thought|>B", "B"),
        ("ANSWER: A and B", None),
        ("ANSWER: A, B", None),
        ("ANSWER: A/B", None),
        ("The answer is A or C.", None),
        ("The answer is not A.", None),
        ("The answer is A horse", None),
        ("the answer is a", None),
        ("A: Let's think step by step. There are horses", None),
        ("A. horse\nB. dog\nC. cow\nD. hen", None),
        ("(A) might be, or (B), or (C), and (D), too", None),
        ("ANSWER: Banana", None),
        ("The answer is All of the above", None),
    ],
)
def test_letter(text: str, expected: str | None) -> None:
    assert extract_letter(text, "ABCD") == expected


def test_only_the_letters_of_the_question_count() -> None:
    assert extract_letter("ANSWER: E", "ABCDE") == "E"


@given(st.text())
def test_no_text_yields_anything_but_a_letter_of_the_question(text: str) -> None:
    assert extract_letter(text, "ABC") in {"A", "B", "C", None}


@given(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), st.text(alphabet="xyz .\n", max_size=40))
def test_the_last_line_that_was_asked_for_is_always_understood(letter: str, reasoning: str) -> None:
    assert extract_letter(f"{reasoning}\nANSWER: {letter}", "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == letter


def test_no_letter_is_a_word_of_the_question() -> None:
    assert extract_letter("The answer is I do not know", "ABCDEFGHIJ") is None
    assert extract_letter("The answer is I.", "ABCDEFGHIJ") == "I"
