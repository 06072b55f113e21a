"""Write an answer that follows a prompt's instructions, for the mock server; nobody has published any."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from adapters.native.evaluator import instructions
from adapters.native.evaluator.instruction_checks import details_of
from adapters.native.evaluator.items import Item

Details = Mapping[str, Any]
_BODY = "This is the answer"
_CARELESS = ("Yes, and no.", "yes, no, " * 500)


def follow(item: Item) -> str:
    """Return a text that follows all instructions of an item, an empty text where these rules find none.

    Every instruction adds a piece or changes the whole; which combinations come out right is left to the checks.
    """
    given = dict(zip(item.accepted, details_of(item.row, len(item.accepted)), strict=True))
    found = (text for text in _texts(given) if all(instructions.strict(text, item)))
    return next(found, "")


def neglect(item: Item) -> str:
    """Return a text that does not follow all of an item's instructions, an empty text where these follow them."""
    return next((text for text in _CARELESS if not all(instructions.strict(text, item))), "")


def _texts(given: Mapping[str, Details]) -> Iterator[str]:
    pieces = [piece for name, details in given.items() for piece in _PIECES.get(name, _nothing)(details)]
    for body in (_BODY, f"{_BODY}.", ""):
        for joint in ("\n", " "):
            text = joint.join(part for part in (body, *pieces) if part)
            for name, change in _CHANGES.items():
                text = change(text, given[name]) if name in given else text
            yield text


def _nothing(_: Details) -> list[str]:
    return []


def _times(piece: str, key: str, relation: str = "") -> Callable[[Details], list[str]]:
    def pieces(details: Details) -> list[str]:
        wanted = not relation or details[relation] == "at least"
        return [piece.format(**details)] * int(details[key]) if wanted else []

    return pieces


def _sections(details: Details) -> list[str]:
    return [f"{details['section_spliter']} {number}" for number in range(1, 1 + int(details["num_sections"]))]


def _letters(details: Details) -> list[str]:
    return [str(details["letter"]) * int(details["let_frequency"])] if details["let_relation"] == "at least" else []


_PIECES: Mapping[str, Callable[[Details], list[str]]] = {
    "detectable_format:title": lambda _: ["<<Answer>>"],
    "detectable_format:constrained_response": lambda _: ["My answer is yes."],
    "keywords:existence": lambda details: list(details["keywords"]),
    "keywords:frequency": _times("{keyword}", "frequency", "relation"),
    "keywords:letter_frequency": _letters,
    "length_constraints:number_sentences": _times("It is.", "num_sentences", "relation"),
    "length_constraints:number_words": _times("word", "num_words", "relation"),
    "detectable_format:number_bullet_lists": _times("* point", "num_bullets"),
    "detectable_format:number_highlighted_sections": _times("*part*", "num_highlights"),
    "detectable_content:number_placeholders": _times("[name]", "num_placeholders"),
    "detectable_format:multiple_sections": _sections,
    "change_case:capital_word_frequency": _times("ALL", "capital_frequency", "capital_relation"),
    "detectable_content:postscript": lambda details: [f"{details['postscript_marker']} bye"],
}


def _paragraphs(text: str, details: Details) -> str:
    return "\n***\n".join([text, *["more"] * (int(details["num_paragraphs"]) - 1)])


def _nth_paragraph(text: str, details: Details) -> str:
    count, place = int(details["num_paragraphs"]), int(details["nth_paragraph"]) - 1
    parts = [text, *["more"] * (count - 1)]
    parts[place] = f"{details['first_word']} {parts[place]}"
    return "\n\n".join(parts)


# In this order: parts first, then how the whole begins and ends, then its letters.
_CHANGES: Mapping[str, Callable[[str, Details], str]] = {
    "length_constraints:number_paragraphs": _paragraphs,
    "length_constraints:nth_paragraph_first_word": _nth_paragraph,
    "combination:two_responses": lambda text, _: f"{text}\n******\n{text} too",
    "combination:repeat_prompt": lambda text, details: f"{details['prompt_to_repeat']}\n{text}",
    "startend:end_checker": lambda text, details: f"{text}\n{details['end_phrase']}",
    "detectable_format:json_format": lambda text, _: '{"answer": ' + _quoted(text) + "}",
    "change_case:english_capital": lambda text, _: text.upper(),
    "change_case:english_lowercase": lambda text, _: text.lower(),
    "startend:quotation": lambda text, _: f'"{text}"',
}


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
