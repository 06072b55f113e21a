"""ROUGE-L as `rouge` 1.0.1 has it; the expected numbers are that package's."""

from __future__ import annotations

import pytest

from adapters.toolbench.runner.static.rouge import NoWordsError, rouge_l


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
