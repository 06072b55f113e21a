"""The mock as a judge answers in the form that is asked for; the prompts are shortened from VLMEvalKit's."""

from __future__ import annotations

import ast
import re

import pytest

from hub.mock.answers import Asked, parse_answers
from hub.mock.verdicts import verdict

MATCH = (
    "You should output a single uppercase character in A, B, C, D (if they are valid options), and Z. \n"
    "Example 1: \nQuestion: What?\nOptions: A. teddy bear B. rabbit C. cat D. dog\nAnswer: a bear\nYour output: A\n"
    "Example 3: \nQuestion: Which {}?\nOptions: A. red B. blue C. green \nAnswer: the sky\nYour output: "
)
CHINESE = (
    "你应该输出一个单个的大写字母，例如 A, B, C, D（如果它们是有效选项），或 Z。"  # noqa: RUF001 - as it stands there
    "例 1:问题: 什么?\n选项: A. 泰迪熊 B. 兔子 C. 猫 D. 狗\n答案: 一只熊\n输出: A\n"
    "例 3: \n问题: {}?\n选项: There are several options: \nA. 红\nB. 蓝\nC. 绿\n\n答案: 天空\n输出: "
)
POINT = (
    "Your should output one of the choices, A, B, C, D (if they are valid options), or Z.\n"
    "Example 2: \nOptions: (A) Point A\n(B) Point B\n(Z) Failed\nAnswer: sorry\nYour output: (Z)\n"
    "Question: {}?\nOptions: There are several options: \nA. a\nB. b\nC. c\n\n(Z) Failed\nAnswer: b\nYour output: "
)
NATIVE = '{{"question": "{}?", "answer": "x"}}\n\nReply with one letter, A, B or C, and nothing else.'
YES = "a single word among the following 3 choices: Yes, No, Unknown.\nQuestion: {}?\nAnswer: maybe\nYour output: "
GRADE = "The correctness score is 0.0 (totally wrong), 0.1, ... or 1.0 (totally right).\n{} | red | blue | "
PAIR = "{} Please first output a single line containing only two values indicating the scores for Assistant 1 and 2."
RATE = (
    "assess the response on the following dimensions: Creativity, Richness and Image Relationship Understanding. "
    "{} return all your scoring results: {{'Dimension One': Score, 'Overall Score': Score}}"
)


def said(prompt: str, number: int = 0) -> str:
    return verdict(prompt.format(number)) or ""


@pytest.mark.parametrize(
    ("prompt", "form"),
    [
        (MATCH, "[ABCZ]"),
        (CHINESE, "[ABCZ]"),
        (POINT, "[ABCZ]"),
        (NATIVE, "[ABC]"),
        (YES, "Yes|No|Unknown"),
        (GRADE, r"0\.\d|1\.0"),
        (PAIR, r"(?:[5-9]|10) (?:[1-9]|10)\nSo\."),
    ],
)
def test_a_verdict_has_the_form_that_is_asked_for_and_is_not_always_the_same(prompt: str, form: str) -> None:
    verdicts = {said(prompt, number) for number in range(60)}

    assert all(re.fullmatch(form, found) for found in verdicts)
    assert len(verdicts) > 2
    assert said(prompt, 7) == said(prompt, 7)


def test_grades_are_whole_numbers_for_each_dimension() -> None:
    grades = ast.literal_eval(said(RATE).partition(": ")[2])

    assert list(grades) == ["Creativity", "Richness", "Image Relationship Understanding", "Overall Score"]
    assert all(grade in range(1, 11) for grade in grades.values())


@pytest.mark.parametrize(
    ("response", "extracted"),
    [("It is 14 of 20, so 0.7", "0.7"), ("The answer is B.", "B"), ("minus one: -1.", "-1"), ("", "")],
)
def test_an_answer_is_taken_from_the_response_not_from_the_examples(response: str, extracted: str) -> None:
    example = "Model response: The number is 99.\nExtracted answer: 99\n"

    assert verdict(f"{example}How many?\nModel respone: {response}Extracted answer:") == extracted


def test_another_prompt_is_unmatched() -> None:
    assert verdict("How are you?") is None
    assert parse_answers("judge").say(Asked("How are you?")).note == "unmatched"


def test_the_seed_of_a_judge_draws_other_verdicts() -> None:
    prompts = [Asked(GRADE.format(number)) for number in range(20)]

    one, other = ([parse_answers(name).say(asked).text for asked in prompts] for name in ("judge", "judge:2"))

    assert one != other
