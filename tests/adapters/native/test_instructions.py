"""Each of IFEval's 25 instructions, followed and not; strictly and loosely."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.native.catalog import benchmarks
from adapters.native.evaluator import instructions
from adapters.native.evaluator.errors import DataError
from adapters.native.evaluator.instruction_checks import CHECKS
from adapters.native.evaluator.items import Item, read_items
from adapters.native.evaluator.reader import Row

CASES: list[tuple[str, dict[str, Any], list[str], list[str]]] = [
    ("keywords:existence", {"keywords": ["sea", "wave"]}, ["The Sea has waves."], ["The sea."]),
    (
        "keywords:frequency",
        {"keyword": "sea", "frequency": 2, "relation": "at least"},
        ["sea, Sea", "sea sea sea"],
        ["sea"],
    ),
    ("keywords:frequency", {"keyword": "sea", "frequency": 2, "relation": "less than"}, ["sea"], ["sea, sea"]),
    ("keywords:forbidden_words", {"forbidden_words": ["cat"]}, ["A category."], ["A Cat."]),
    (
        "keywords:letter_frequency",
        {"letter": "q", "let_frequency": 2, "let_relation": "at least"},
        ["Qq"],
        ["q"],
    ),
    (
        "language:response_language",
        {"language": "de"},
        ["Das Wetter im Norden ist heute sch\u00f6n und ruhig."],
        ["The weather in the north is fine today."],
    ),
    (
        "length_constraints:number_paragraphs",
        {"num_paragraphs": 2},
        ["One\n***\nTwo", "***\nOne\n***\nTwo\n***"],
        ["One\n\nTwo", "One\n***\n***\nTwo", "One\n***\nTwo\n***\nThree"],
    ),
    ("length_constraints:number_words", {"num_words": 3, "relation": "at least"}, ["one two three"], ["one two"]),
    ("length_constraints:number_words", {"num_words": 3.0, "relation": "less than"}, ["one two"], ["one two three"]),
    ("length_constraints:number_sentences", {"num_sentences": 2, "relation": "less than"}, ["One."], ["One. Two."]),
    (
        "length_constraints:nth_paragraph_first_word",
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "so"},
        ["One.\n\nSo, two.", 'One.\n\n"So" two.'],
        ["So one.\n\nTwo.", "One.\n\nSo.\n\nThree.", "One. So two."],
    ),
    (
        "detectable_content:postscript",
        {"postscript_marker": "P.S."},
        ["Hi.\nP.S. Bye", "p. s. bye"],
        ["Hi. PS", "P.S: bye"],
    ),
    (
        "detectable_content:postscript",
        {"postscript_marker": "P.P.S"},
        ["Hi.\nP.P.S Bye", "P.P.S. Bye"],
        ["Hi.\nP.S. Bye"],
    ),
    (
        "detectable_content:number_placeholders",
        {"num_placeholders": 2},
        ["[name] of [place]", "[a][b][c]"],
        ["[name]"],
    ),
    (
        "detectable_format:number_bullet_lists",
        {"num_bullets": 2},
        ["* one\n* two", "- one\n  - two"],
        ["* one", "* one\n* two\n* three", "**one**\n**two**"],
    ),
    ("detectable_format:title", {}, ["<<Rivers>>\nLong"], ["Rivers", "<< >>"]),
    ("detectable_format:constrained_response", {}, ["My answer is maybe."], ["Maybe.", "my answer is maybe."]),
    (
        "detectable_format:number_highlighted_sections",
        {"num_highlights": 2},
        ["*one* and *two*", "**one** and *two*"],
        ["*one*", "** ** and *two*"],
    ),
    (
        "detectable_format:multiple_sections",
        {"section_spliter": "Section", "num_sections": 2},
        ["Section 1\nx\nSection 2\ny"],
        ["Section 1\nx", "Section one, Section two"],
    ),
    (
        "detectable_format:json_format",
        {},
        ['{"a": 1}', '```json\n{"a": 1}\n```', "```\n[1]\n```"],
        ["a: 1", 'Here: {"a": 1}'],
    ),
    ("combination:repeat_prompt", {"prompt_to_repeat": "Say it."}, ["say it. Done"], ["Done. Say it."]),
    (
        "combination:two_responses",
        {},
        ["one\n******\ntwo"],
        ["one", "one\n******\none", "one\n******\n", "a\n******\n******\nb"],
    ),
    (
        "change_case:capital_word_frequency",
        {"capital_frequency": 2, "capital_relation": "at least"},
        ["THE SEA is wide", "I SEE"],
        ["THE sea"],
    ),
    ("change_case:english_capital", {}, ["THIS IS THE WEATHER IN THE NORTH."], ["This is the weather."]),
    ("change_case:english_lowercase", {}, ["this is the weather in the north."], ["This is the weather."]),
    ("startend:end_checker", {"end_phrase": "The End."}, ["It is. The end.", '"It is. The End."'], ["The End. Or"]),
    ("startend:quotation", {}, ['"Quoted"', ' "Quoted" '], ['"', '"Half', "None"]),
    ("punctuation:no_comma", {}, ["None here."], ["One, here."]),
]


def item(*names: str, details: list[dict[str, Any]] | None = None) -> Item:
    return Item("1", "q", (), "", names, "", {"kwargs": details or [{}] * len(names)})


@pytest.mark.parametrize(("name", "details", "followed", "broken"), CASES)
def test_instruction(name: str, details: dict[str, Any], followed: list[str], broken: list[str]) -> None:
    asked = item(name, details=[{"unused": None, **details}])

    assert [instructions.strict(text, asked) for text in followed] == [(True,)] * len(followed)
    assert [instructions.strict(text, asked) for text in broken] == [(False,)] * len(broken)


def test_every_instruction_of_the_paper_is_known() -> None:
    assert len(CHECKS) == 25
    assert {case[0] for case in CASES} == set(CHECKS)


@pytest.mark.parametrize(
    "text", ["Sure, here it is:\n{}", "{}\nI hope, that helps", "Sure, here:\n{}\nI hope, that helps", "{}"]
)
def test_loosely_a_first_and_a_last_line_do_not_count(text: str) -> None:
    asked = item("punctuation:no_comma")

    assert instructions.loose(text.format("None here."), asked) == (True,)
    assert instructions.loose(text.format("One, here."), asked) == (False,)


def test_loosely_the_asterisks_of_markup_do_not_count() -> None:
    asked = item("startend:end_checker", details=[{"end_phrase": "the end"}])

    assert instructions.strict("**The end**", asked) == (False,)
    assert instructions.loose("**The end**", asked) == (True,)


def test_an_empty_answer_follows_nothing() -> None:
    asked = item("punctuation:no_comma")

    assert instructions.strict(" ", asked) == instructions.loose("\n", asked) == (False,)


@pytest.mark.parametrize(
    ("names", "details", "message"),
    [
        (["detectable_format:poem"], [{}], "IFEval knows no instruction 'detectable_format:poem'"),
        (["punctuation:no_comma"], [{}, {}], "1 instructions with the details of 2"),
        (["startend:end_checker"], [{"end_phrase": None}], "lacks its detail 'end_phrase'"),
    ],
)
def test_a_row_that_no_answer_could_be_checked_for_is_refused(
    names: list[str], details: list[dict[str, Any]], message: str
) -> None:
    row = {"key": 1, "prompt": "q", "instruction_id_list": names, "kwargs": details}
    benchmark = benchmarks()["ifeval"]

    with pytest.raises(DataError, match=f"^f.jsonl:1: .*{message}"):
        read_items([Row(row, "f.jsonl:1")], benchmark, benchmark.columns)
