"""Text metrics score 0-1 in any script, and the best reference counts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.native.evaluator import texts

ALL = [texts.exact_match, texts.f1, texts.rouge_1, texts.rouge_l, texts.bleu]
BEIJING = "\u5317\u4eac\u662f\u4e2d\u56fd\u7684\u9996\u90fd"


@pytest.mark.parametrize("metric", ALL)
@pytest.mark.parametrize("text", ["a red house by the sea", BEIJING, "60"])
def test_an_equal_text_scores_one(metric, text: str) -> None:
    assert metric(text, ["something else", text]) == pytest.approx(1.0)


@pytest.mark.parametrize("metric", ALL)
def test_an_empty_answer_scores_zero(metric) -> None:
    assert metric("", ["Paris"]) == 0.0


def test_exact_match_ignores_blanks_but_not_case() -> None:
    assert texts.exact_match("  New\n York ", ["New York"]) == 1.0
    assert texts.exact_match("new york", ["New York"]) == 0.0


def test_f1_is_that_of_squad() -> None:
    assert texts.f1("The cat sat.", ["a cat sat down"]) == pytest.approx(2 * 2 / (2 + 3))


def test_f1_of_chinese_counts_characters() -> None:
    assert texts.f1("\u5317\u4eac", [BEIJING]) == pytest.approx(2 * 2 / (2 + 8))


@pytest.mark.parametrize("rouge", [texts.rouge_1, texts.rouge_l])
def test_rouge_of_chinese_counts_words(rouge) -> None:
    # Beijing / is / China / 's / capital: one word of five.
    assert rouge("\u5317\u4eac", [BEIJING]) == pytest.approx(2 * 1 / (1 + 5))


def test_rouge_2_counts_pairs_of_words() -> None:
    assert texts.rouge_2("police killed the gunman", ["police kill the gunman"]) == pytest.approx(1 / 3)
    assert texts.rouge_2("\u5317\u4eac\u662f\u4e2d\u56fd", [BEIJING]) == pytest.approx(2 * 2 / (2 + 4))


@pytest.mark.parametrize(
    ("text", "expected"), [("paris", 1.0), ("The Paris!", 1.0), ("Paris, France", 0.0), ("", 0.0)]
)
def test_the_match_of_squad_leaves_case_punctuation_and_articles_aside(text: str, expected: float) -> None:
    assert texts.exact_match_squad(text, ["Lutetia", "Paris"]) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("jean paul sartre", 1.0), ("The Jean-Paul Sartre.", 1.0), ("JeanPaul Sartre", 0.0), ("u.s", 1.0), ("US", 0.0)],
)
def test_the_match_of_trivia_qa_puts_blanks_where_punctuation_was(text: str, expected: float) -> None:
    assert texts.exact_match_trivia(text, ["Jean-Paul Sartre", "U.S."]) == expected


@pytest.mark.parametrize(
    ("text", "gold", "expected"),
    [
        ("(D)", "(D)", 1.0),
        ("D", "(D)", 1.0),
        ("(D) 05/01/2021", "(D)", 1.0),
        ("D. 05/01/2021", "(D)", 1.0),
        ("(A)", "(D)", 0.0),
        ("Dog", "(D)", 0.0),
        ("yes", "Yes", 1.0),
        ("No", "Yes", 0.0),
        ("] }", "]}", 1.0),
        ("]", "] )", 0.0),
        ("", ")", 0.0),
        ("(D)", "D", 1.0),
        ("1", "(1)", 0.0),
        ("apple banana", "apple banana", 1.0),
        ("banana apple", "apple banana", 0.0),
    ],
)
def test_the_match_of_big_bench_hard(text: str, gold: str, expected: float) -> None:
    assert texts.exact_match_loose(text, [gold]) == expected


def test_rouge_l_follows_the_longest_common_subsequence() -> None:
    assert texts.rouge_l("police killed the gunman", ["police kill the gunman"]) == pytest.approx(0.75)


@given(st.text(max_size=30), st.text(min_size=1, max_size=30))
def test_scores_stay_between_zero_and_one(text: str, reference: str) -> None:
    for metric in ALL:
        assert 0.0 <= metric(text, [reference]) <= 1.0
