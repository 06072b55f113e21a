"""Read the chosen option's letter out of a generated answer."""

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


def _for_letters(pattern: str, letters: str) -> str:
    upper, lower = f"[{letters}]", f"[{letters.lower()}]"
    return pattern.replace("(?P<letter>L)", f"({upper})").replace("(?P<letter>l)", f"({lower})")
