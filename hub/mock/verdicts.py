"""What the mock says as a judge: a made-up verdict in the form that the prompt asks for."""

from __future__ import annotations

import re
from collections.abc import Callable

from hub.mock import draw

_OPTION = re.compile(r"(?:^|\s)([A-H])[.)] ")
_OPTIONS = re.compile(r"Options:|选项:")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
Verdict = Callable[[re.Match[str], int], str]


def verdict(prompt: str, *source: object) -> str | None:
    """Return a verdict, drawn from prompt and `source`; None for a prompt that asks for none of the known forms."""
    drawn = draw.number("verdict", prompt, *source)
    for pattern, judge in _FORMS:
        if found := pattern.search(prompt):
            return judge(found, drawn)
    return None


def _match(found: re.Match[str], drawn: int) -> str:
    """Return one of the options that the last question has, or Z for none of them."""
    offered: list[str] = _OPTION.findall(_OPTIONS.split(found.string)[-1])
    options = [*dict.fromkeys(offered), "Z"]
    return options[drawn % len(options)]


def _extract(found: re.Match[str], _drawn: int) -> str:
    """Return the last number of the response, else its last word: what a reader would take for the answer."""
    response = found["response"].strip()
    words: list[str] = _NUMBER.findall(response) or response.split() or [""]
    return words[-1].rstrip(".")


def _rate(found: re.Match[str], drawn: int) -> str:
    """Return a grade of 1 to 10 for each dimension that the prompt names."""
    names = [name.strip() for name in re.split(r",| and ", found["names"]) if name.strip()]
    grades = {name: 1 + draw.number(name, drawn) % 10 for name in (*names, "Overall Score")}
    return f"As asked: {grades}"


# The judge prompts of Native, of VLMEvalKit and of the benchmarks that it took them from, by what they say of their
# answer.
_FORMS: tuple[tuple[re.Pattern[str], Verdict], ...] = (
    (re.compile(r"Reply with one letter, A, B or C"), lambda _, drawn: "ABC"[drawn % 3]),
    (re.compile(r"Yes, No, Unknown"), lambda _, drawn: ("Yes", "No", "Unknown")[drawn % 3]),
    (
        re.compile(r"output a single uppercase character|output one of the choices, A, B|输出一个单个的大写字母"),
        _match,
    ),
    (re.compile(r"Model respons?e: (?P<response>(?:(?!Model respon).)*)Extracted answer:\s*\Z", re.DOTALL), _extract),
    (re.compile(r"two values indicating the scores"), lambda _, drawn: f"{5 + drawn % 6} {1 + drawn // 6 % 10}\nSo."),
    (re.compile(r"following dimensions:\s*(?P<names>[^.]+)\."), _rate),
    (re.compile(r"correctness score"), lambda _, drawn: f"{drawn % 11 / 10}"),
)
