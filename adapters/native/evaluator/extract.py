"""Read an answer out of what a model generated: a few words, or what is in a box."""

from __future__ import annotations

import re

from adapters.native.evaluator.thoughts import without_thoughts

_BOX = re.compile(r"\\(?:boxed|fbox)\s*(?:\{|(?P<bare>[^\s{}$\\]+))")
_TEXT = re.compile(r"\\(?:text(?:bf)?|mathrm|mathbf)\{(?P<inside>[^{}]*)\}")
_COLON = "[:\uff1a]"
_IS = r"[ \t]+(?:is|would be|should be|must be)\b(?:[ \t]*:)?"
# A line of its own that says "Answer" is a heading; `####` is one, too, unless its line is the last.
_MARK = re.compile(
    rf"answer(?:[ \t]+to[^\n:]{{0,80}}?)?(?:{_IS}|[*_\"' \t]*{_COLON})"
    r"|^[#*_ \t]*(?:the[ \t]+)?(?:final[ \t]+)?answer[*_ \t]*$"
    rf"|\u7b54\u6848(?:\u5e94\u8be5)?(?:\u662f|\u4e3a|{_COLON}){_COLON}?"
    r"|^[ \t]*####(?=[^\n]*\s*\Z)",
    re.IGNORECASE | re.MULTILINE,
)
_LINE = re.compile(r"(?:[\s*_]|(?:\\\[|\$\$)(?=\s*\n))*([^\n]+)")
_BARE_NAME = re.compile(r"\W*(?:(?:the|final|correct)\s+)*answer(?:\s+is)?\W*", re.IGNORECASE)
_FORMULA = re.compile(r"\$\$?([^$]+)\$\$?(?!\d)|\\\((.+?)\\\)|\\\[(.+?)\\\]")
_AROUND = " \t*_`\"'\u201c\u201d\u2018\u2019$"


def extract_answer(text: str) -> str | None:
    """Return the short answer of a generated text, or None where it gives none.

    It is what follows the last "answer is" or "ANSWER:", else what is in the last box, else a text of one line as a
    whole. Several lines without any of these are no answer that anybody could be sure of.
    """
    said = without_thoughts(text).strip()
    named = named_answer(said)
    if named:
        return named
    boxed = last_box(said)
    if boxed:
        return _bare(boxed)
    whole = "" if "\n" in said or _BARE_NAME.fullmatch(said) else _bare(said)
    return whole or None


def named_answer(text: str) -> str:
    """Return what follows the last "answer is" or "ANSWER:", on its line or the next that is not empty.

    An empty text where nothing does.
    """
    ends = [match.end() for match in _MARK.finditer(text)]
    lines = (_LINE.match(text, end) for end in reversed(ends))
    return next((found for found in (_bare(line[1]) for line in lines if line) if found), "")


def extract_maths(text: str) -> str | None:
    """Return the result of a worked solution: what is in the last box, else what is named as the answer.

    A box that was begun and never closed was cut off: whatever else stands there is no result.
    """
    said = without_thoughts(text).strip()
    box = last_box(said)
    return box or (None if _BOX.search(said) else extract_answer(said))


def last_box(text: str) -> str:
    r"""Return what is in the last `\boxed{...}` of a text, braces balanced; an empty text where there is none."""
    found = list(_BOX.finditer(text))
    if not found:
        return ""
    bare, start = found[-1]["bare"], found[-1].end()
    if bare:  # TeX lets a single token do without braces
        return str(bare).rstrip(".,;:")
    depth = 1
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0) if text[place - 1] != "\\" else 0
        if not depth:
            return text[start:place].strip()
    return ""


def _bare(answer: str) -> str:
    """Return an answer without the markup, quotes and full stop around it."""
    bare = answer.strip()
    formula = _FORMULA.match(bare.lstrip("*_ "))
    bare = next(inside for inside in formula.groups() if inside) if formula else bare
    box = last_box(bare)
    if box and _BOX.match(bare.lstrip("$*`( ")):
        bare = box
    bare = bare.strip(_AROUND)
    if bare.endswith((".", "。")) and not bare.endswith(".."):
        bare = bare[:-1].rstrip(_AROUND)
    text = _TEXT.fullmatch(bare)
    return text["inside"].strip() if text else bare
