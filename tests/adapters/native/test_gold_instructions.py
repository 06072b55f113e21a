"""The mock server can follow instructions, alone and together, and neglect them."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.native.evaluator import instructions
from adapters.native.evaluator.items import Item
from adapters.native.gold_instructions import follow, neglect

LEAST = "at least"


def item(given: dict[str, dict[str, Any]]) -> Item:
    return Item("1", "q", (), "", tuple(given), "", {"kwargs": list(given.values())})


@pytest.mark.parametrize(
    "given",
    [
        {"punctuation:no_comma": {}, "length_constraints:number_words": {"num_words": 300, "relation": LEAST}},
        {"detectable_format:number_bullet_lists": {"num_bullets": 3}, "detectable_format:title": {}},
        {"detectable_format:number_highlighted_sections": {"num_highlights": 2}, "startend:quotation": {}},
        {"detectable_format:json_format": {}, "keywords:existence": {"keywords": ["sea", "wave"]}},
        {"change_case:english_lowercase": {}, "keywords:forbidden_words": {"forbidden_words": ["sky"]}},
        {"change_case:english_capital": {}},
        {"length_constraints:number_paragraphs": {"num_paragraphs": 4}},
        {"combination:two_responses": {}},
        {"combination:repeat_prompt": {"prompt_to_repeat": "Say it"}, "startend:end_checker": {"end_phrase": "Bye."}},
        {"detectable_content:postscript": {"postscript_marker": "P.S."}},
        {"detectable_content:number_placeholders": {"num_placeholders": 3}},
        {"keywords:letter_frequency": {"letter": "q", "let_frequency": 5, "let_relation": LEAST}},
        {"change_case:capital_word_frequency": {"capital_frequency": 3, "capital_relation": LEAST}},
        {"detectable_format:multiple_sections": {"section_spliter": "Section", "num_sections": 3}},
        {"detectable_format:constrained_response": {}},
        {
            "length_constraints:nth_paragraph_first_word": {
                "num_paragraphs": 3,
                "nth_paragraph": 2,
                "first_word": "sea",
            }
        },
    ],
)
def test_what_follows_all_and_what_does_not(given: dict[str, dict[str, Any]]) -> None:
    asked = item(given)

    assert all(instructions.strict(follow(asked), asked))
    assert not all(instructions.strict(neglect(asked), asked))


def test_where_no_rule_helps_there_is_no_answer() -> None:
    assert follow(item({"language:response_language": {"language": "kn"}})) == ""
