"""The 25 verifiable instructions of IFEval, one small function each, from the list in the paper (table 4 ff.).

Where the paper leaves open what a word, a sentence or a section is, the rule is in the function's docstring.
Paper: Zhou et al. 2023, arXiv:2311.07911.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adapters.native.evaluator.sentences import count_sentences, language_of

Details = Mapping[str, Any]
_YES_NO_MAYBE = ("My answer is yes.", "My answer is no.", "My answer is maybe.")


def _number(details: Details, key: str) -> int:
    return int(details[key])


def _related(count: int, relation: str, wanted: int) -> bool:
    return count < wanted if relation == "less than" else count >= wanted


def _keywords(text: str, details: Details) -> bool:
    return all(_found(word, text) for word in details["keywords"])


def _frequency(text: str, details: Details) -> bool:
    return _related(_found(details["keyword"], text), details["relation"], _number(details, "frequency"))


def _found(word: str, text: str) -> int:
    return len(re.findall(re.escape(word), text, re.IGNORECASE))


def _forbidden(text: str, details: Details) -> bool:
    """Forbid words, not parts of words."""
    return not any(re.search(rf"\b{re.escape(word)}\b", text, re.IGNORECASE) for word in details["forbidden_words"])


def _letter(text: str, details: Details) -> bool:
    count = text.lower().count(details["letter"].lower())
    return _related(count, details["let_relation"], _number(details, "let_frequency"))


def _language(text: str, details: Details) -> bool:
    return language_of(text) in {None, details["language"]}


def _paragraphs(text: str, details: Details) -> bool:
    """Count what is between lines of `***`; an empty paragraph is none, and wrong between two others."""
    parts = [part.strip() for part in re.split(r"\s?\*\*\*\s?", text)]
    inner = parts[bool(not parts[0]) : len(parts) - bool(len(parts) > 1 and not parts[-1])]
    return all(inner) and len(inner) == _number(details, "num_paragraphs")


def _words(text: str, details: Details) -> bool:
    """Count runs of letters, digits and underscores."""
    return _related(len(re.findall(r"\w+", text)), details["relation"], _number(details, "num_words"))


def _sentences(text: str, details: Details) -> bool:
    return _related(count_sentences(text), details["relation"], _number(details, "num_sentences"))


def _first_word(text: str, details: Details) -> bool:
    """Compare the first word of a paragraph, quotes in front aside; paragraphs are parted by an empty line."""
    paragraphs = [part.strip() for part in re.split(r"\n\n", text)]
    number = _number(details, "nth_paragraph")
    filled = sum(bool(part) for part in paragraphs)
    if filled != _number(details, "num_paragraphs") or not 1 <= number <= len(paragraphs):
        return False
    word = re.match(r"[\"']*([^\s.,?!'\"]*)", paragraphs[number - 1])
    return word is not None and word[1].lower() == str(details["first_word"]).lower()


def _postscript(text: str, details: Details) -> bool:
    """Look for the marker, with or without a blank between its letters."""
    letters = [re.escape(part) for part in details["postscript_marker"].strip().split(".")]
    return re.search(r"\.\s?".join(letters).removesuffix(r"\s?"), text, re.IGNORECASE) is not None


def _placeholders(text: str, details: Details) -> bool:
    return len(re.findall(r"\[.*?\]", text)) >= _number(details, "num_placeholders")


def _bullets(text: str, details: Details) -> bool:
    """Count lines that begin with `*` (one alone) or `-`."""
    return len(re.findall(r"^\s*(?:\*(?!\*)|-).*$", text, re.MULTILINE)) == _number(details, "num_bullets")


def _title(text: str, _: Details) -> bool:
    return any(inside.strip(" <>") for inside in re.findall(r"<<([^\n]+)>>", text))


def _constrained(text: str, _: Details) -> bool:
    return any(answer in text for answer in _YES_NO_MAYBE)


def _highlights(text: str, details: Details) -> bool:
    """Count `*text*` and `**text**`."""
    found = re.findall(r"\*\*([^\n*]+)\*\*|\*([^\n*]+)\*", text)
    return sum(bool("".join(pair).strip()) for pair in found) >= _number(details, "num_highlights")


def _sections(text: str, details: Details) -> bool:
    """Count "Section 1", "Section 2", ..., with the word that the prompt gives."""
    marker = rf"\s?{re.escape(details['section_spliter'])}\s?\d+\s?"
    return len(re.findall(marker, text)) >= _number(details, "num_sections")


def _json(text: str, _: Details) -> bool:
    inside = re.fullmatch(r"\s*(?:```(?:json)?)?(.*?)(?:```)?\s*", text, re.DOTALL | re.IGNORECASE)
    try:
        json.loads(inside[1] if inside else text)
    except (ValueError, RecursionError):
        return False
    return True


def _repeated(text: str, details: Details) -> bool:
    return text.strip().lower().startswith(str(details["prompt_to_repeat"]).strip().lower())


def _two_responses(text: str, _: Details) -> bool:
    """Ask for two different answers, parted by `******`."""
    parts = [part.strip() for part in text.split("******")]
    answers = [part for index, part in enumerate(parts) if part or 0 < index < len(parts) - 1]
    return len(answers) == 2 and all(answers) and answers[0] != answers[1]


def _capital_words(text: str, details: Details) -> bool:
    count = sum(word.isupper() for word in re.findall(r"[^\W_]+(?:['-][^\W_]+)*", text))
    return _related(count, details["capital_relation"], _number(details, "capital_frequency"))


def _capital(text: str, _: Details) -> bool:
    return text.isupper() and language_of(text) in {None, "en"}


def _lowercase(text: str, _: Details) -> bool:
    return text.islower() and language_of(text) in {None, "en"}


def _end(text: str, details: Details) -> bool:
    return text.strip().strip('"').lower().endswith(str(details["end_phrase"]).strip().lower())


def _quotation(text: str, _: Details) -> bool:
    whole = text.strip()
    return len(whole) > 1 and whole[0] == whole[-1] == '"'


def _no_comma(text: str, _: Details) -> bool:
    return "," not in text


def details_of(row: Mapping[str, Any], count: int) -> list[Mapping[str, Any]]:
    """Return the details of each of a row's instructions; a table has a null for those of all the others."""
    details = row.get("kwargs") or [{}] * count
    return [{key: value for key, value in part.items() if value is not None} for part in details]


def problem(names: Sequence[str], row: Mapping[str, Any]) -> str:
    """Return why no answer could be checked for these instructions, an empty text where any can."""
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        return f"IFEval knows no instruction {unknown[0]!r}"
    details = details_of(row, len(names))
    if len(details) != len(names):
        return f"{len(names)} instructions with the details of {len(details)}"
    for name, given in zip(names, details, strict=True):
        try:
            CHECKS[name]("An answer.", given)
        except KeyError as error:  # noqa: PERF203 - the instruction must be named
            return f"the instruction {name!r} lacks its detail {error}"
    return ""


CHECKS: Mapping[str, Callable[[str, Details], bool]] = {
    "keywords:existence": _keywords,
    "keywords:frequency": _frequency,
    "keywords:forbidden_words": _forbidden,
    "keywords:letter_frequency": _letter,
    "language:response_language": _language,
    "length_constraints:number_paragraphs": _paragraphs,
    "length_constraints:number_words": _words,
    "length_constraints:number_sentences": _sentences,
    "length_constraints:nth_paragraph_first_word": _first_word,
    "detectable_content:postscript": _postscript,
    "detectable_content:number_placeholders": _placeholders,
    "detectable_format:number_bullet_lists": _bullets,
    "detectable_format:title": _title,
    "detectable_format:constrained_response": _constrained,
    "detectable_format:number_highlighted_sections": _highlights,
    "detectable_format:multiple_sections": _sections,
    "detectable_format:json_format": _json,
    "combination:repeat_prompt": _repeated,
    "combination:two_responses": _two_responses,
    "change_case:capital_word_frequency": _capital_words,
    "change_case:english_capital": _capital,
    "change_case:english_lowercase": _lowercase,
    "startend:end_checker": _end,
    "startend:quotation": _quotation,
    "punctuation:no_comma": _no_comma,
}
