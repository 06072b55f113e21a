"""Read a Python literal (text, number, True, False, None, list, tuple, dict) without ever running anything.

The keys of StableToolBench's cache are the `repr` of dictionaries.
"""

from __future__ import annotations

import json
import re
from typing import Any

_BLANK = re.compile(r"\s*")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")
_WORD = re.compile(r"[A-Za-z]+")
_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_CONSTANTS = {"True": True, "False": False, "None": None}
_SHORT = {"n": "\n", "t": "\t", "r": "\r"}
_CLOSING = {"{": "}", "[": "]", "(": ")"}
_DEEPEST = 64


class NotLiteralError(ValueError):
    """A text is no literal that is known here."""


def read_literal(text: str) -> Any:
    """Return what a literal stands for; tuples as lists.

    Raises:
        NotLiteralError: it is none, or one with something behind it.
    """
    try:
        value, place = _value(text, _skip(text, 0), 0)
    except ValueError as error:  # a number of thousands of digits, too
        raise NotLiteralError(str(error)[:80]) from error
    if _skip(text, place) != len(text):
        raise NotLiteralError(text[:80])
    return value


def canonical(value: object) -> str:
    """Return JSON with sorted keys: the same for two dictionaries that differ in their order alone."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


def _value(text: str, place: int, depth: int) -> tuple[Any, int]:
    if depth > _DEEPEST:
        raise NotLiteralError("too deep")
    if text[place : place + 1] in _CLOSING:
        return _items(text, place, depth)
    if found := _TEXT.match(text, place):
        return _ESCAPE.sub(_unescaped, found[1] if found[1] is not None else found[2]), found.end()
    if found := _NUMBER.match(text, place):
        return (float(found[0]) if found[1] or found[2] else int(found[0])), found.end()
    found = _WORD.match(text, place)
    if found is None or found[0] not in _CONSTANTS:
        raise NotLiteralError(text[place : place + 80])
    return _CONSTANTS[found[0]], found.end()


def _items(text: str, place: int, depth: int) -> tuple[Any, int]:
    """Return a list, tuple or dict that opens at `place`."""
    opening = text[place]
    found: list[Any] = []
    place = _skip(text, place + 1)
    while text[place : place + 1] != _CLOSING[opening]:
        item, place = _value(text, place, depth + 1)
        if opening == "{":
            value, place = _value(text, _expected(text, place, ":"), depth + 1)
            item = (_hashable(item), value)
        found.append(item)
        place = _skip(text, place)
        if text[place : place + 1] != _CLOSING[opening]:
            place = _expected(text, place, ",")
    return (dict(found) if opening == "{" else found), place + 1


def _hashable(key: Any) -> str:
    if not isinstance(key, str):
        raise NotLiteralError("a key that is no text")
    return key


def _expected(text: str, place: int, mark: str) -> int:
    place = _skip(text, place)
    if text[place : place + 1] != mark:
        raise NotLiteralError(text[place : place + 80])
    return _skip(text, place + 1)


def _skip(text: str, place: int) -> int:
    found = _BLANK.match(text, place)
    return found.end() if found else place


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    if len(code) == 1:
        return _SHORT.get(code, code)
    number = int(code[1:], 16)
    if number > 0x10FFFF:
        raise NotLiteralError(f"no character {code}")
    return chr(number)
