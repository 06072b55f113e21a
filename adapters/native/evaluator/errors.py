"""The errors of the evaluator; each carries what to do next.

EvaluationError
├── DataError        a data set cannot be read as what the benchmark needs
├── PromptError      a template cannot be filled in
├── ModelError       the model cannot be loaded or used at all
└── UnreachableError the endpoint answers nothing
"""

from __future__ import annotations


class EvaluationError(Exception):
    """Why a data set (or the whole evaluation) has no result."""

    def __init__(self, reason: str, *, hint: str = "") -> None:
        """Keep the reason and the hint apart, as the hub's `failed` event does."""
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class DataError(EvaluationError):
    """A data set cannot be read as what the benchmark needs."""


class PromptError(EvaluationError):
    """A template cannot be filled in."""


class ModelError(EvaluationError):
    """The model cannot be loaded or used at all."""


class UnreachableError(EvaluationError):
    """The endpoint answers nothing; the samples that are left were not tried."""
