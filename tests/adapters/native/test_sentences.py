"""Sentences are counted as a person would."""

from __future__ import annotations

import pytest

from adapters.native.evaluator.sentences import count_sentences, language_of


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("...", 0),
        ("One", 1),
        ("One. Two! Three?", 3),
        ("One. Two! And three", 3),
        ("He said 'Stop.' She went.", 2),
        ("Dr. Smith met J. Doe at 3 p.m. today.", 1),
        ("It costs 3.50 now.", 1),
        ("1. First one.\n2. Second one.", 2),
        ("Really?! Yes.", 2),
        ("So am I. You too.", 2),
        ("See www.example.org for more.", 1),
        ("\u4f60\u597d\u3002\u518d\u89c1\u3002", 2),
    ],
)
def test_count(text: str, count: int) -> None:
    assert count_sentences(text) == count


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("This is a short text about the weather in the north.", "en"),
        ("Dies ist ein kurzer Text \u00fcber das Wetter im Norden.", "de"),
        ("123 456", None),
    ],
)
def test_language(text: str, language: str | None) -> None:
    assert language_of(text) == language
