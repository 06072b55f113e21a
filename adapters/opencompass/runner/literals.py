"""Read an answer that is written as a Python literal as what it says, and run nothing."""

from __future__ import annotations

import ast
from types import ModuleType
from typing import Any

_SHOWN = 80  # characters of what cannot be read


class LiteralError(ValueError):
    """A text is no literal: a program, or nothing at all."""


def literal(text: str) -> Any:
    """Return the list, text or number that `text` is the source of.

    Raises:
        LiteralError: it is anything else.
    """
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
        raise LiteralError(f"the answer {shown!r} is not a list of texts, and a program is not run") from error


def evaluate_nothing(*modules: ModuleType) -> None:
    """Have modules that call `eval` on what they read call `literal` in its place."""
    for module in modules:
        vars(module)["eval"] = literal
