"""What a data set without a result says: a reason, and what to do next."""

from __future__ import annotations

import pytest

from adapters.native.evaluator.errors import EvaluationError


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("it failed", "it failed. Try again."),
        ("It failed.", "It failed. Try again."),
        ("lines:\n  one", "lines:\n  one\nTry again."),
    ],
)
def test_reason_and_hint_are_two_sentences(reason: str, advice: str) -> None:
    assert EvaluationError(reason, hint="Try again.").advice == advice
