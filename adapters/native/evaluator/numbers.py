"""Read numbers out of text and compare them; nothing is ever evaluated."""

from __future__ import annotations

import re
from decimal import Decimal

from adapters.native.evaluator.extract import last_box, named_answer

MARK = "####"
TOLERANCE = Decimal("1e-6")
# A run of more digits than this is noise of a model that repeats itself, not an answer.
_MAX_DIGITS = 60
_ANNOTATION = re.compile(r"<<[^<>]*>>")
# A minus behind a digit, letter or bracket is a subtraction or a hyphen; "1,234" is one number, "1, 2" are two.
_SIGN = r"(?:(?<![\w)%])-)?\$?(?:(?<=\$)-)?"
_NUMBER = re.compile(rf"{_SIGN}(?:(?:\d{{1,3}}(?:,\d{{3}})+(?!\d)|\d+)(?:\.\d+)?|(?<!\d)\.\d+)", re.ASCII)
_MINUS_SIGNS = "\u2212\u2013\ufe63\uff0d"
_SIGNS = str.maketrans(_MINUS_SIGNS + "\uff04\uff0c\uff0e", "----$,.") | {
    ord("\uff10") + digit: str(digit) for digit in range(10)
}


def without_annotations(solution: str) -> str:
    """Return a GSM8K solution without its calculator annotations `<<48/2=24>>`."""
    return _ANNOTATION.sub("", solution)


def extract_number(text: str) -> str | None:
    """Return the answer of a worked solution, the first number of the first of these that holds one.

    What follows the last `####`; the last box; what follows the last "answer is" or "ANSWER:" on its line. Else the
    last number of the text. The result is canonical: no separators, currency or per-cent signs; None where there is
    no number.
    """
    marked = text.rsplit(MARK, 1)[1] if MARK in text else ""
    for part in (marked, last_box(text), named_answer(text)):
        found = numbers(part)
        if found:
            return found[0]
    found = numbers(text)
    return found[-1] if found else None


def gold_number(solution: str) -> str | None:
    """Return the number of a reference solution, by the same rule as a model's."""
    return extract_number(solution)


def numbers(text: str) -> list[str]:
    """Return all numbers of a text in canonical form, in order."""
    found = (match.group().replace(",", "").replace("$", "") for match in _NUMBER.finditer(text.translate(_SIGNS)))
    return [number for number in found if len(number) <= _MAX_DIGITS]


def same_number(first: str, second: str) -> bool:
    """Return whether two canonical numbers differ by at most 1e-6."""
    return abs(Decimal(first) - Decimal(second)) <= TOLERANCE
