"""ROUGE-L as `rouge` 1.0.1 has it; the expected numbers are that package's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.toolbench.evaluator.static.rouge import NoWordsError, rouge_l


@pytest.mark.parametrize(
    ("hypothesis", "reference", "expected"),
    [
        ("The weather is sunny in Paris", "Weather in Paris is sunny today", 0.3333333283333334),
        ("a b a b c", "a b c", 0.999999995),
        ("It is sunny. It is 20C.", "It is 20C. It is sunny.", 0.999999995),
        ("a b c d", "a c b d", 0.749999995),
        ("x", "y", 0.0),
        ("Hello  world\nnew", "hello world new", 0.6666666616666668),
    ],
)
def test_it_is_what_the_package_says(hypothesis: str, reference: str, expected: float) -> None:
    assert rouge_l(hypothesis, reference) == expected


@pytest.mark.parametrize("text", ["", ".", "..."])
def test_a_text_of_full_stops_has_no_words(text: str) -> None:
    with pytest.raises(NoWordsError):
        rouge_l(text, "sunny")


def test_a_long_answer_is_no_recursion() -> None:
    words = " ".join(f"w{number}" for number in range(1500))

    assert rouge_l(words, words) == pytest.approx(1.0)


def test_an_answer_of_a_megabyte_is_scored() -> None:
    words = [f"w{number % 5000}" for number in range(150_000)]

    assert rouge_l(" ".join(words), " ".join(words[:1000])) == pytest.approx(2 / 6)
    assert rouge_l(". ".join(words), ". ".join(words[:50])) == pytest.approx(2 * 0.01 / 1.01)


_TEXTS = st.lists(st.sampled_from(("a", "b", "c", "d", ".", "a.")), min_size=1, max_size=24).map(" ".join)


@given(_TEXTS, _TEXTS)
def test_it_is_what_the_whole_table_says(hypothesis: str, reference: str) -> None:
    try:
        expected = _by_table(hypothesis, reference)
    except ZeroDivisionError:
        with pytest.raises(NoWordsError):
            rouge_l(hypothesis, reference)
        return

    assert rouge_l(hypothesis, reference) == expected


def _by_table(hypothesis: str, reference: str) -> float:
    """Return the same, with the table of all lengths of every pair of sentences."""
    said, meant = (
        [" ".join(piece.split()).split(" ") for piece in text.split(".") if piece] for text in (hypothesis, reference)
    )
    common = {word for left in meant for right in said for word in _walked_back(left, right)}
    precision = len(common) / len({word for sentence in said for word in sentence})
    recall = len(common) / len({word for sentence in meant for word in sentence})
    return 2.0 * ((precision * recall) / (precision + recall + 1e-8))


def _walked_back(left: list[str], right: list[str]) -> set[str]:
    table = [[0] * (len(right) + 1)]
    for word in left:
        row = [0]
        for column, other in enumerate(right):
            row.append(table[-1][column] + 1 if word == other else max(table[-1][column + 1], row[column]))
        table.append(row)
    row_at, column_at, found = len(left), len(right), set[str]()
    while row_at and column_at:
        if left[row_at - 1] == right[column_at - 1]:
            row_at, column_at = row_at - 1, column_at - 1
            found.add(left[row_at])
        elif table[row_at - 1][column_at] > table[row_at][column_at - 1]:
            row_at -= 1
        else:
            column_at -= 1
    return found
