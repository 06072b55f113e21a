"""Read the values that were Python expressions once (`precision=torch.float16`), without evaluating anything."""

from __future__ import annotations

import ast
import re
from typing import Any

_WORDS = {"none": None, "null": None, "true": True, "false": False}
_NUMBER = re.compile(r"[+-]?([0-9]{1,99}(\.[0-9]{0,99})?|\.[0-9]{1,99})([eE][+-]?[0-9]{1,3})?")
_OPENING, _CLOSING = "([{", ")]}"
_MAX_CHARS = 10_000  # literal_eval's recursion is bounded by what it may be given


def assignments(text: str) -> dict[str, Any]:
    """Return the mapping that `k=v,k=v` means; commas inside brackets or quotes separate nothing.

    Raises:
        ValueError: a part has no `=`, a key comes twice, or the text is too long.
    """
    if len(text) > _MAX_CHARS:
        raise ValueError(f"longer than {_MAX_CHARS} characters")
    found: dict[str, Any] = {}
    for part in _split(text):
        key, equals, value = part.partition("=")
        if not equals or not key.strip():
            raise ValueError(f"{part.strip()!r} is no key=value; separate several by commas")
        if key.strip() in found:
            raise ValueError(f"{key.strip()!r} stands here twice")
        found[key.strip()] = value_of(value)
    return found


def value_of(text: str) -> Any:
    """Return what `text` means: None, a truth value, a number, a quoted text, a list of these; else itself."""
    word = text.strip()
    if word.lower() in _WORDS:
        return _WORDS[word.lower()]
    if _NUMBER.fullmatch(word):
        return int(word) if word.lstrip("+-").isdigit() else float(word)
    if word[:1] in {"'", '"', "[", "("}:
        try:
            return ast.literal_eval(word)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return word
    return word


def truth(value: object) -> bool | None:
    """Return the truth value that a text or a value means, None where it means neither."""
    if isinstance(value, bool):
        return value
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "none": False}.get(
        str(value).strip().lower()
    )


def _split(text: str) -> list[str]:
    parts, start, depth, quote = [], 0, 0, ""
    for index, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char in _OPENING:
            depth += 1
        elif char in _CLOSING:
            depth -= 1
        elif char == "," and depth <= 0:
            parts.append(text[start:index])
            start = index + 1
    parts.append(text[start:])
    return [part for part in parts if part.strip()]
