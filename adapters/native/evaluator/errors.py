"""The errors of the evaluator; each carries what to do next.

EvaluationError
├── DataError        a data set cannot be read as what the benchmark needs
│   └── RowError     one row of it cannot
├── PromptError      a template cannot be filled in
├── ModelError       the model cannot be loaded or used at all
├── UnreachableError the endpoint answers nothing
└── EndedError       the job was told to end
"""

from __future__ import annotations


class EvaluationError(Exception):
    """Why a data set (or the whole evaluation) has no result."""

    def __init__(self, reason: str, *, hint: str = "") -> None:
        """Keep the reason and the hint apart, as the hub's `failed` event does."""
        super().__init__(reason)
        self.reason = reason
        self.hint = hint

    @property
    def advice(self) -> str:
        """Return reason and hint as one text."""
        separator = "\n" if "\n" in self.reason else " " if self.reason.endswith((".", "!", "?")) else ". "
        return self.reason + separator + self.hint if self.hint else self.reason


class DataError(EvaluationError):
    """A data set cannot be read as what the benchmark needs."""


class RowError(DataError):
    """One row cannot be used: `what` is wrong at `place` (file and line)."""

    def __init__(self, place: str, what: str, *, hint: str = "") -> None:
        """Keep the place apart, so that equal problems of many rows can be told as one."""
        super().__init__(f"{place}: {what}", hint=hint)
        self.place = place
        self.what = what


class PromptError(EvaluationError):
    """A template cannot be filled in."""


class ModelError(EvaluationError):
    """The model cannot be loaded or used at all."""


class UnreachableError(EvaluationError):
    """The endpoint answers nothing; the samples that are left were not tried."""


class EndedError(EvaluationError):
    """The job was told to end; the samples that are left were not answered."""
