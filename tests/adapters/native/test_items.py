"""Rows of every known shape become the same items; what does not fit is named with its line."""

from __future__ import annotations

import math
from typing import Any

import pytest

from adapters.native.catalog import benchmarks
from adapters.native.evaluator.choices import Option
from adapters.native.evaluator.errors import DataError
from adapters.native.evaluator.items import Item, read_items
from adapters.native.evaluator.reader import Row


def items(name: str, *rows: dict[str, Any], columns: dict[str, tuple[str, ...]] | None = None) -> list[Item]:
    benchmark = benchmarks()[name]
    places = [Row(row, f"f.jsonl:{number}") for number, row in enumerate(rows, 1)]
    return read_items(places, benchmark, {**benchmark.columns, **(columns or {})})


@pytest.mark.parametrize(
    "row",
    [
        {"question": "q?", "choices": {"text": ["x", "y", "z"], "label": ["1", "2", "3"]}, "answerKey": "2"},
        {"question": "q?", "choices": {"text": ["x", "y", "z"], "label": ["A", "B", "C"]}, "answerKey": "B"},
        {"question": {"stem": "q?", "choices": [{"text": t, "label": t.upper()} for t in "xyz"]}, "answerKey": "Y"},
    ],
)
def test_arc_in_the_layouts_of_both_hubs_and_of_its_authors(row: dict[str, Any]) -> None:
    (item,) = items("arc", row)

    assert item.question == "q?"
    assert item.options == (Option("A", "x"), Option("B", "y"), Option("C", "z"))
    assert (item.gold, item.solution) == ("B", "y")


@pytest.mark.parametrize(
    "row",
    [
        {"question": "q?", "choices": ["x", "y"], "answer": "B"},
        {"question": " q? ", "choices": ["x", " y "], "answer": " B "},
        {"question": "q?", "choices": ["x", "y"], "answer": "b"},
        {"question": "q?", "choices": ["x", "y"], "answer": "y"},
        {"question": "q?", "choices": ["x", "y"], "answer": 1},
        {"question": "q?", "A": "x", "B": "y", "C": "", "answer": "B"},
        {"query": "q?", "options": ["x", "y"], "answer": "B"},
    ],
)
def test_own_multiple_choice_rows(row: dict[str, Any]) -> None:
    (item,) = items("general_mcq", row)

    assert (item.question, item.options, item.gold) == ("q?", (Option("A", "x"), Option("B", "y")), "B")


def test_numbers_as_options_and_an_answer_by_text() -> None:
    (item,) = items("general_mcq", {"question": "1 + 1?", "choices": [5, 2, 3], "answer": "2"})

    assert item.gold == "B"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"question": "q", "choices": ["x", "y"], "answer": "D"},
            r"f\.jsonl:1: the answer 'D' is not among the options: A='x'",
        ),
        ({"question": "q", "choices": ["x"], "answer": "A"}, "2 to 26 options, found 1"),
        ({"question": "q", "choices": ["x"] * 27, "answer": "A"}, "2 to 26 options, found 27"),
        ({"question": "q", "choices": "xy", "answer": "A"}, "choices must be a list"),
        ({"question": "q", "answer": "A"}, "no options"),
        ({"question": "q", "choices": [0, 1, 2, 3], "answer": 1}, None),
        ({"question": "q", "choices": [1, 2, 3], "answer": 2}, "text of one option and the place of another"),
        (
            {"questoin": "q", "choices": ["x", "y"], "answer": "A"},
            "no column 'question' or 'query'; did you mean 'questoin'",
        ),
        ({"question": "q", "choices": ["x", "y"]}, "no column 'answer'"),
    ],
)
def test_rows_that_do_not_fit(row: dict[str, Any], message: str | None) -> None:
    if message is None:
        assert items("general_mcq", row)
        return
    with pytest.raises(DataError, match=message):
        items("general_mcq", row)


def test_columns_can_be_named() -> None:
    (item,) = items(
        "general_qa", {"frage": "q?", "antwort": "a"}, columns={"question": ("frage",), "answer": ("antwort",)}
    )

    assert (item.question, item.gold) == ("q?", "a")


def test_gsm8k_reads_the_number_behind_the_mark_and_drops_annotations() -> None:
    (item,) = items("gsm8k", {"question": "q?", "answer": "3 + 4 = <<3+4=7>>7\n#### 7"})

    assert (item.gold, item.solution) == ("7", "3 + 4 = 7\n#### 7")


def test_gsm8k_without_a_number_is_refused() -> None:
    with pytest.raises(DataError, match="no number in the answer"):
        items("gsm8k", {"question": "q?", "answer": "many"})


def test_open_questions_accept_a_list() -> None:
    (item,) = items("general_qa", {"question": "q?", "answers": ["NYC", 7]})

    assert item.accepted == ("NYC", "7")


def test_ids_are_the_row_s_own_where_they_are_unique() -> None:
    row = {"question": "q", "answer": "a"}

    assert [item.id for item in items("general_qa", {**row, "id": "x"}, {**row, "id": "y"})] == ["x", "y"]
    assert [item.id for item in items("general_qa", row, {**row, "id": "x"})] == ["1", "2"]


GOOD_CHOICE = {"question": "q?", "choices": ["x", "y"], "answer": "A"}


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("general_qa", {"answer": {"a": 1}}, "column 'answer' is an object, expected text or a number"),
        ("general_qa", {"answer": True}, "column 'answer' is true, expected text or a number"),
        ("general_qa", {"answer": math.nan}, "column 'answer' is nan, expected text or a number"),
        ("general_qa", {"answer": None}, "column 'answer' is null"),
        ("general_qa", {"answer": " "}, "column 'answer' is empty"),
        ("general_qa", {"answer": []}, "column 'answer' is an empty list"),
        ("general_qa", {"answer": ["a", ["b"]]}, "entry 2 of column 'answer' is a list"),
        ("general_qa", {"answer": ["a", None]}, "entry 2 of column 'answer' is null"),
        ("general_qa", {"answer": ["a", ""]}, "entry 2 of column 'answer' is empty"),
        ("general_qa", {"question": ""}, "column 'question' is empty"),
        ("general_qa", {"question": ["q"]}, "column 'question' is a list"),
        ("general_qa", {"question": False}, "column 'question' is false"),
        ("general_mcq", {"question": {"q": 1}}, "column 'question' is an object"),
        ("general_mcq", {"answer": ["A"]}, "column 'answer' is a list"),
        ("general_mcq", {"answer": True}, "column 'answer' is true"),
        ("general_mcq", {"answer": math.nan}, "column 'answer' is nan"),
        ("general_mcq", {"choices": ["x", ""]}, "option B is empty"),
        ("general_mcq", {"choices": ["x", None]}, "option B is null"),
        ("general_mcq", {"choices": ["x", "y", " x"]}, "options A and C are both 'x'"),
        ("general_mcq", {"choices": {"text": "xy"}}, "choices must be a list"),
    ],
)
def test_a_value_that_is_no_text_is_named_with_its_column(name: str, change: dict[str, Any], message: str) -> None:
    good = GOOD_CHOICE if name == "general_mcq" else {"question": "q?", "answer": "a"}

    with pytest.raises(DataError) as raised:
        items(name, good, {**good, **change})

    assert raised.value.reason.startswith(f"f.jsonl:2: {message}")
    assert raised.value.hint


@pytest.mark.parametrize(
    ("letters", "message"),
    [
        ({"A": "x", "B": "y", "D": "z"}, "option C is missing, but D is given"),
        ({"A": "x", "B": " ", "C": "z", "D": None}, "option B is missing, but C is given"),
        ({"B": "x", "C": "y"}, "option A is missing, but C is given"),
    ],
)
def test_a_gap_in_the_options_is_named(letters: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        items("general_mcq", {"question": "q?", "answer": "A", **letters})


def test_the_same_id_twice_is_named_with_both_rows() -> None:
    row = {"question": "q", "answer": "a"}

    with pytest.raises(DataError, match=r"f\.jsonl:3: the id 'x' is that of f\.jsonl:1 too"):
        items("general_qa", {**row, "id": "x"}, {**row, "id": "y"}, {**row, "id": "x"})


def test_published_data_may_repeat_an_option_or_an_id() -> None:
    row = {"id": "x", "question": "q?", "choices": ["x", "x"], "answer": "B"}

    assert [(item.id, item.gold) for item in items("arc", row, row)] == [("1", "B"), ("2", "B")]


def test_all_problems_are_told_at_once() -> None:
    row = {"question": "q", "answer": "a"}

    with pytest.raises(DataError) as raised:
        items("general_qa", row, {**row, "answer": None}, row, {**row, "question": ""})

    assert raised.value.reason.splitlines() == [
        "2 rows cannot be used:",
        "  f.jsonl:2: column 'answer' is null",
        "  f.jsonl:4: column 'question' is empty",
    ]


def test_of_many_problems_ten_are_told_and_the_rest_counted() -> None:
    row = {"question": "q", "answer": "a"}

    with pytest.raises(DataError) as raised:
        items("general_qa", row, *[{**row, "answer": None}] * 13)

    lines = raised.value.reason.splitlines()
    assert (lines[0], len(lines), lines[-1]) == ("13 rows cannot be used:", 12, "  and 3 more")


def test_what_is_wrong_with_every_row_is_told_once() -> None:
    with pytest.raises(DataError) as raised:
        items("general_qa", *[{"frage": "q", "answer": "a"}] * 500)

    assert raised.value.reason == "f.jsonl:1 and all other rows: no column 'question' or 'query'"


@pytest.mark.parametrize(
    ("choices", "answer"),
    [(["B", "A"], "A"), (["b", "a"], "a"), ({"text": ["3", "2", "1"], "label": ["1", "2", "3"]}, "1")],
)
def test_a_label_that_is_the_text_of_another_option_is_refused(choices: object, answer: str) -> None:
    row = {"question": "q?", "choices": choices, "answer": answer}

    with pytest.raises(DataError, match="is the label of option A and the text of another") as raised:
        items("general_mcq", row)

    assert raised.value.hint


def test_a_label_that_is_the_text_of_its_own_option_is_none_the_worse() -> None:
    assert items("general_mcq", {"question": "q?", "choices": ["A", "B"], "answer": "B"})[0].gold == "B"


def test_the_answer_of_published_data_is_a_label() -> None:
    row = {"question": "q?", "choices": {"text": ["2", "1"], "label": ["1", "2"]}, "answerKey": "1"}

    assert items("arc", row)[0].solution == "2"
