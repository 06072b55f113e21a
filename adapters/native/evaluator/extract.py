"""Read an answer out of what a model generated: a letter, a few words, or what is in a box."""

from __future__ import annotations

import re
import unicodedata

_THOUGHT = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_THOUGHT_END = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
_THOUGHT_START = re.compile(r"<think(?:ing)?>", re.IGNORECASE)

# What may stand around a letter: markup, brackets, a LaTeX box. `L` becomes the class of the question's letters.
_OPEN = r"[\s*_`\"'“(\[【]*(?:\\boxed\{|\\text(?:bf)?\{|\\mathrm\{|\$)*[(\s*]*"
_LETTER = r"(?P<letter>L)(?!['\u2019]?[A-Za-z0-9_])"
_BE = r"(?:\s*(?:is|was|would be|should be|must be|=|:)\s*)"

_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_TEXT = re.compile(r"\\(?:text(?:bf)?|mathrm|mathbf)\{(?P<inside>[^{}]*)\}")
_COLON = "[:\uff1a]"
_NAMED = re.compile(
    rf"(?:answer(?:[ \t]+to[^\n:]{{0,80}}?)?(?:[ \t]+is[ \t]*:?|[*_ \t]*{_COLON}[*_ \t]*\n?)"
    rf"|\u7b54\u6848(?:\u662f|\u4e3a|{_COLON}){_COLON}?|####)[ \t]*(?P<answer>[^\n]+)",
    re.IGNORECASE,
)
_BARE_NAME = re.compile(r"\W*(?:(?:the|final|correct)\s+)*answer(?:\s+is)?\W*", re.IGNORECASE)
_FORMULA = re.compile(r"\$([^$]+)\$")
_AROUND = " \t*_`\"'\u201c\u201d\u2018\u2019$"

# Most explicit first; within one pattern the last match of the text wins, for models change their minds.
_PATTERNS = (
    rf"(?i:answer)\s*\**\s*:\s*\**\s*(?i:option|choice|is)?{_OPEN}{_LETTER}",
    rf"(?m:(?i:answer)[ \t]*\**[ \t]*:\s*\**{_OPEN}(?P<letter>l)[)\].*`}} \t$]*$)",
    rf"\\boxed\{{\s*(?:\\text(?:bf)?\{{|\\mathrm\{{)?\s*\(?\s*{_LETTER}",
    rf"(?:答案|正确选项|正确答案|应选|应该选|故选|选择|选项|选)\s*(?:应该)?(?:是|为|:)?\s*(?:选项)?{_OPEN}{_LETTER}",
    rf"(?i:answer|choice|option)(?i:\s+(?:here|to this question))?{_BE}(?i:option\s+|choice\s+)?{_OPEN}{_LETTER}",
    rf"(?i:i\s+(?:would\s+)?(?:choose|pick|select|go\s+with))\s+(?i:option\s+|choice\s+|answer\s+)?{_OPEN}{_LETTER}",
    rf"(?i:option|choice|answer)\s+{_OPEN}{_LETTER}[)*\]\"'.]*\s+(?i:is)\s+(?i:the\s+)?(?i:correct|right|best)",
    rf"(?:\*\*|__)\s*[(\[]?{_LETTER}[)\].:]?\s*(?:\*\*|__|\s)",
    rf"\(\s*{_LETTER}\s*\)",
    rf"(?m:^[\s\"'`(*]*{_LETTER}[ \t.)\]:、。*\"'`]*$)",
    rf"\A[\s\"'`(*]*{_LETTER}\s*[.):、,\n]",
)


def without_thoughts(text: str) -> str:
    """Return an answer without its reasoning block; nothing is left of one that never stopped thinking."""
    text = _THOUGHT.sub("", text)
    if _THOUGHT_END.search(text):  # the opening tag was part of the prompt
        text = _THOUGHT_END.split(text)[-1]
    return _THOUGHT_START.split(text)[0]


def extract_letter(text: str, letters: str) -> str | None:
    """Return the letter that an answer names, one of `letters` (e.g. "ABCD"), or None where it names none."""
    answer = unicodedata.normalize("NFKC", without_thoughts(text))  # full-width letters, brackets and colons
    for pattern in _PATTERNS:
        found = re.findall(_for_letters(pattern, letters), answer)
        if found:
            return str(found[-1]).upper()
    return None


def extract_answer(text: str) -> str | None:
    """Return the short answer of a generated text, or None where it gives none.

    It is what follows the last "answer is" or "ANSWER:" on its line, else what is in the last box, else a text of one
    line as a whole. Several lines without any of these are no answer that anybody could be sure of.
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
    """Return what follows the last "answer is" or "ANSWER:" on its line; an empty text where nothing does."""
    named = [found for found in (_bare(match.group("answer")) for match in _NAMED.finditer(text)) if found]
    return (named_answer(named[-1]) or named[-1]) if named else ""


def extract_maths(text: str) -> str | None:
    """Return the result of a worked solution: what is in the last box, else what is named as the answer.

    A box that was begun and never closed was cut off: whatever else stands there is no result.
    """
    said = without_thoughts(text).strip()
    box = last_box(said)
    return box or (None if _BOX.search(said) else extract_answer(said))


def last_box(text: str) -> str:
    r"""Return what is in the last `\boxed{...}` of a text, braces balanced; an empty text where there is none."""
    start = max((match.end() for match in _BOX.finditer(text)), default=-1)
    if start < 0:
        return ""
    depth = 1
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0) if text[place - 1] != "\\" else 0
        if not depth:
            return text[start:place].strip()
    return ""


def _bare(answer: str) -> str:
    """Return an answer without the markup, quotes and full stop around it."""
    bare = answer.strip()
    formula = _FORMULA.match(bare)
    bare = formula[1] if formula else bare
    box = last_box(bare)
    if box and _BOX.match(bare.lstrip("$*`( ")):
        bare = box
    bare = bare.strip(_AROUND)
    if bare.endswith((".", "。")) and not bare.endswith(".."):
        bare = bare[:-1].rstrip(_AROUND)
    text = _TEXT.fullmatch(bare)
    return text["inside"].strip() if text else bare


def _for_letters(pattern: str, letters: str) -> str:
    upper, lower = f"[{letters}]", f"[{letters.lower()}]"
    return pattern.replace("(?P<letter>L)", f"({upper})").replace("(?P<letter>l)", f"({lower})")
