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
_DIGITS = r"(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|(?<!\d)\.\d+)"
# 3/4 is one number, 3/4/2021 and 1/2/3 are none of these.
_UNDER = r"(?<!/\d)(?<!/\d\d)\s?/\s?(?P<under>[1-9]\d*)(?![\d./,])"
_NUMBER = re.compile(rf"(?P<number>{_SIGN}{_DIGITS})(?:{_UNDER})?", re.ASCII)
# What stands in front of the result where an answer is a calculation, "3 * 6 = 18", or names it, "x = 5".
_TERM = r"[\d.,%x()+\-*/^$ \t]|\\(?:times|cdot|div|frac)|[a-z](?![a-z])"
_CALCULATION = re.compile(rf"[^=\n\w]*(?:{_TERM})*=(?!=)", re.IGNORECASE)
# A marked line that goes on in words after "3." is the third heading, no answer.
_MARKED = re.compile(rf"{MARK}[^\w\n.\-#]*(?P<answer>[-.]?\d(?!\d*\.[ \t]+[^\W\d])[^\n]*)")
_MINUS_SIGNS = "\u2212\u2013\ufe63\uff0d"
_SIGNS = str.maketrans(_MINUS_SIGNS + "\u00d7\uff04\uff0c\uff0e", "----*$,.") | {
    ord("\uff10") + digit: str(digit) for digit in range(10)
}
_TEX = (
    (re.compile(r"(?<=\d)(?:\{,\}|\\[,!])(?=\d{3})"), ","),
    (re.compile(r"\\[dt]?frac\{(-?\d+)\}\{(\d+)\}"), r"\1/\2"),
)


def without_annotations(solution: str) -> str:
    """Return a GSM8K solution without its calculator annotations `<<48/2=24>>`."""
    return _ANNOTATION.sub("", solution)


def extract_number(text: str) -> str | None:
    """Return the answer of a worked solution: the number of the first of these that holds one.

    What follows the last `####`; the last box; what follows the last "answer is" or "ANSWER:". There, it is the first
    number, or the result where a calculation stands in front. Else the last number of the text. It is canonical: no
    separators, currency or per-cent signs, and a fraction is computed; None where there is no number.
    """
    text = text.translate(_SIGNS)
    marked = [match["answer"] for match in _MARKED.finditer(text)]
    for part in (marked[-1] if marked else "", last_box(text), named_answer(text)):
        found = numbers(_result(part))
        if found:
            return found[0]
    found = numbers(text)
    return found[-1] if found else None


def _result(part: str) -> str:
    """Return what is behind the equals signs of a calculation that a part begins with."""
    part = _plain(part)
    while True:
        calculated = _CALCULATION.match(part)
        if calculated is None or not numbers(part[calculated.end() :]):
            return part
        part = part[calculated.end() :]


def gold_number(solution: str) -> str | None:
    """Return the number of a reference solution, by the same rule as a model's."""
    return extract_number(solution)


def numbers(text: str) -> list[str]:
    """Return all numbers of a text in canonical form, in order."""
    found = (_canonical(match["number"], match["under"]) for match in _NUMBER.finditer(_plain(text)))
    return [number for number in found if len(number) <= _MAX_DIGITS]


def _plain(text: str) -> str:
    text = text.translate(_SIGNS)
    for written, plain in _TEX:
        text = written.sub(plain, text)
    return text


def _canonical(number: str, under: str | None) -> str:
    number = number.replace(",", "").replace("$", "")
    if under is None or max(len(number), len(under)) > _MAX_DIGITS:
        return number
    return f"{Decimal(number) / Decimal(under):f}"


def same_number(first: str, second: str) -> bool:
    """Return whether two canonical numbers differ by at most 1e-6."""
    return abs(Decimal(first) - Decimal(second)) <= TOLERANCE
