"""Errors in one line: what a part died of and, where its data are to blame, the file and the row."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from pathlib import Path

from adapters.opencompass.runner.datafaults import data_fault

_MEND = "correct the file, or name no folder in the task: then OpenCompass's own is fetched"


class PartError(Exception):
    """A part came to no result, and OpenCompass raised nothing."""


def describe(error: BaseException) -> str:
    """Return an error in one line; one without words as the statement that raised it."""
    text = " ".join(str(error).split())
    name = type(error).__name__
    if isinstance(error, PartError):
        return text
    if text:
        return f"{name}: {text}"
    steps = traceback.extract_tb(error.__traceback__)
    return f"{name} at `{steps[-1].line}`" if steps and steps[-1].line else name


def told(error: BaseException, data: Path) -> str:
    """Return an error in one line, with paths as the user knows them."""
    return describe(error).replace(str(data), "data")


def reason_of(error: BaseException, data: Path, files: Iterable[str]) -> str:
    """Return why data cannot be loaded: what is broken in the `files` and what to do, else the error itself."""
    fault = data_fault(error, data, files)
    return f"{fault}; {_MEND} ({told(error, data)})" if fault else told(error, data)
