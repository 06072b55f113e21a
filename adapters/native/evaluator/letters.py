"""Read the letter of an option out of what a model generated, as a person would, or not at all."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from adapters.native.evaluator.thoughts import without_thoughts

# In the patterns below LETTER is one of the question's letters, small one of them in lower case.
# What may stand in front of a letter: blanks, markup, quotes, brackets, a LaTeX box.
_OPEN = r"(?:[\s*_`\"'\u201c\u2018「(\[{<【$]|\\[(\[]|\\(?:boxed|fbox|text|textbf|mathrm|mathbf)\s*\{){0,16}"
_CLOSE = r"[)\]}>】\u201d\u2019」*_`\"'$]*"
# "A horse" and "I think" begin with no letter of an option, "A because" does.
_GOES_ON = "because|since|as|is|was|which|but|for|due|and|or|not|with|given|while|whereas|so"
_NO_WORD = rf"(?!['\u2019]?[A-Za-z0-9_])(?!(?<=[AI])[ \t]+(?!(?:{_GOES_ON})\b)[a-z])"
# "A and B", "A, C." and "A/B" are no answer; "A, B is wrong" is.
_OTHER = r"(?![)\]*]*\s*(?:[,/&+、]|and\b|or\b|和|或)\s*[(\[*]*[CLASS][)\]*.]*\s*(?:$|[,;。]|and\b|or\b))"
_LETTER = f"(?P<letter>[CLASS]){_NO_WORD}{_OTHER}"
_SMALL = "(?P<letter>[SMALL])"
# No two of these stand beside each other that may both take the same blanks: the time would grow with their square.
_IS = r"(?:[:=>-]+|(?:is|was|would be|should be|must be)\b)(?:\s*:)?"
_WHAT = r"(?:\s*(?:option|choice|letter|answer)\b(?:\s*:)?)?"
_RIGHT = r"(?:the\s+)?(?:most\s+)?(?:correct|right|best|answer)\b"
_SHOULD = r"(?:\s*(?:应该|应当|应))?(?:\s*(?:是|为|选))?(?:\s*:)?(?:\s*选项)?"
_WRONG = f"{_CLOSE}项?是?(?:错|不|有误)"
_CHOSEN = "答案|正确选项|应选择?|应该选择?|故选择?|所以选择?|因此选择?|本题选|选择|选"

# Whoever writes one of these means the answer; the last one of the text counts, for models change their minds.
_EXPLICIT = (
    rf"(?i:answer(?:\s+(?:here|to this question|to the question))?[\"'`*_]*\s*{_IS}{_WHAT}){_OPEN}{_LETTER}",
    rf"(?i:answer[\"'`*_]*\s*[:=]{_WHAT}){_OPEN}{_SMALL}(?=[)\].*`}}$\"' \t]*$|\))",
    rf"(?i:answer\s+is(?:\s*:)?{_WHAT}){_OPEN}{_SMALL}(?=[)\].]+[*`\"'$ \t]*$|\)|(?<![ai])[*`\"'$ \t]*$)",
    rf"(?i:(?:choice|option)\s*{_IS}{_WHAT}){_OPEN}{_LETTER}",
    rf"(?i:<answer>){_OPEN}{_LETTER}",
    rf"\\(?:boxed|fbox)\s*\{{{_OPEN}{_LETTER}",
    rf"(?:{_CHOSEN}){_SHOULD}{_OPEN}{_LETTER}(?!{_WRONG})",
    rf"(?<![A-Za-z]){_LETTER}{_CLOSE}\s*(?:项|选项)?是?(?:正确|对的|符合题意)",
    rf"(?i:\bi(?:\s+would|\s+will|['\u2019]d|['\u2019]ll)?\s+(?:choose|pick|select|go\s+with)\b{_WHAT}){_OPEN}{_LETTER}",
    rf"(?<![A-Za-z]){_LETTER}{_CLOSE}\s+(?i:(?:is|would be)\s+{_RIGHT})",
)
# Most telling first. Where they name every letter of the question, options are gone through, and nothing is said.
_IMPLICIT = (
    rf"\A[\s\"'`*_]*{_LETTER}\s*(?:[.)、,*\n]|:(?!\s*Let))",
    rf"\A\s*\(?{_SMALL}[.)]",
    rf"(?:\*\*|__)[ \t]*[(\[]?{_LETTER}[)\].:]?\s*(?:\*\*|__|\s)",
    rf"\([ \t]*{_LETTER}[ \t]*\)",
    rf"^[ \t\"'`(*]*{_LETTER}[ \t.)\]:、。*\"'`]*$",
    rf"\A[\s\"'`(*]*{_SMALL}[\s.)\]*\"'`]*\Z",
    rf"^(?i:option|choice|answer)\b{_OPEN}{_LETTER}[ \t.)*]*$",
    rf"(?i:\b(?:it['\u2019]s|it\s+is|therefore|thus|hence|so)\b),?{_OPEN}{_LETTER}[.)* \t]*$",
)
_LABELLED = r"^[ \t*_(\[-]*([CLASS])[.):、]"


def extract_letter(text: str, letters: str) -> str | None:
    """Return the letter that an answer names, one of `letters` (e.g. "ABCD"), or None where it names none."""
    answer = unicodedata.normalize("NFKC", without_thoughts(text))  # full-width letters, brackets and colons
    explicit = [match for pattern in _EXPLICIT for match in _compiled(pattern, letters).finditer(answer)]
    if explicit:
        return max(explicit, key=lambda match: match.start("letter"))["letter"].upper()
    if len(set(_compiled(_LABELLED, letters).findall(answer))) == len(letters) > 1:  # the options, written out
        return None
    for pattern in _IMPLICIT:
        found = [match["letter"].upper() for match in _compiled(pattern, letters).finditer(answer)]
        if found:
            return None if len(set(found)) == len(letters) > 1 else found[-1]
    return None


@cache
def _compiled(pattern: str, letters: str) -> re.Pattern[str]:
    filled = pattern.replace("CLASS", letters).replace("SMALL", letters.lower())
    return re.compile(filled, re.MULTILINE)
