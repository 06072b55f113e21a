"""Parameters of an answer as task.json and OpenAI's requests have them."""

from __future__ import annotations

from adapters.native.evaluator.models.decoding import Decoding, decoding


def test_what_is_not_said_or_null_is_the_default() -> None:
    assert decoding({"temperature": None, "seed": None}) == Decoding()


def test_everything_that_is_said_counts() -> None:
    said = {"max_tokens": 3, "temperature": 1, "top_k": 4, "top_p": 0.5, "repetition_penalty": 2, "seed": 9}

    assert decoding(said) == Decoding(3, 1.0, 4, 0.5, 2.0, (), 9)


def test_an_empty_stop_text_ends_nothing() -> None:
    assert decoding({"stop": ["", "x"]}).stop == ("x",)
