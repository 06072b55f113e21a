"""What went wrong inside VLMEvalKit, in words for a report."""

from __future__ import annotations

import logging
import traceback
from types import TracebackType

_PACKAGE = "/vlmeval/"
_LONGEST = 2000
_RATINGS = "(vlmeval/dataset/image_mt.py"  # where MMDU divides by the number of ratings
# How every metric that needs a judge gives up, after asking it whether it is there; the rest is advice on keys.
_NO_JUDGE = "requires a working OPENAI API"


class StatedError(Exception):
    """A data set has no score, for a reason that its message says in full."""


def describe(error: BaseException) -> str:
    """Return kind and message of an error, and where in VLMEvalKit it arose: a KeyError alone says nothing."""
    said = str(error)
    if isinstance(error, StatedError):
        return said
    if isinstance(error, AssertionError) and _NO_JUDGE in said:
        return "the judge did not answer when VLMEvalKit asked whether it is there, so nothing was judged"
    text, place = f"{type(error).__name__}: {said}" if said else type(error).__name__, _place(error.__traceback__)
    if isinstance(error, ZeroDivisionError) and _RATINGS in place:
        return "the judge gave no rating that VLMEvalKit could read of any answer"
    return f"{text[:_LONGEST]}{place}"


def _place(trace: TracebackType | None) -> str:
    inside = [frame for frame in traceback.extract_tb(trace) if _PACKAGE in frame.filename]
    if not inside:
        return ""
    file = inside[-1].filename.rsplit(_PACKAGE, 1)[-1]
    return f" (vlmeval/{file}, line {inside[-1].lineno})"


class LastWords(logging.Handler):
    """Keeps the last complaint of a log: where VLMEvalKit catches an error itself, it says so there and goes on."""

    def __init__(self) -> None:
        """Start with nothing said."""
        super().__init__(logging.WARNING)
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a warning or an error; some of VLMEvalKit's cannot be put into words."""
        try:
            self.text = record.getMessage()[:_LONGEST]
        except (TypeError, ValueError):
            self.text = str(record.msg)[:_LONGEST]
