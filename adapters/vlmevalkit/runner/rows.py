"""Which row of its data VLMEvalKit is at in a thread, while it has answers judged: its judge is not told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

_here = threading.local()


def current() -> str:
    """Return the index of the row that this thread is at; an empty text where that is not known."""
    return str(getattr(_here, "row", ""))


@contextmanager
def at(row: str) -> Iterator[None]:
    """Say which row is being judged in this thread."""
    before = current()
    _here.row = row
    try:
        yield
    finally:
        _here.row = before


def watched(step: Callable[..., Any]) -> Callable[..., Any]:
    """Return a step of VLMEvalKit's threads, (number, function, its inputs), that says which row its inputs have."""

    def stepped(number: int, function: Any, inputs: Any) -> Any:
        with at(row_of(inputs)):
            return step(number, function, inputs)

    return stepped


def row_of(inputs: Any) -> str:
    """Return the index of the row among the inputs of a function, which is a pandas Series, or its first."""
    values = inputs.values() if isinstance(inputs, Mapping) else inputs if isinstance(inputs, Sequence) else (inputs,)
    for value in values:
        kind = type(value).__name__
        if kind == "Series" and "index" in value:
            return str(value["index"])
        if kind == "DataFrame" and "index" in value and len(value):
            return str(value["index"].iloc[0])
    return ""
