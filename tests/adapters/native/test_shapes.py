"""Published rows of every layout become plain ones; what is none of them is named."""

from __future__ import annotations

import pytest

from adapters.native.evaluator.errors import RowError
from adapters.native.evaluator.reader import Row
from adapters.native.evaluator.shapes import shaped


def test_hellaswag_loses_the_marks_of_wikihow() -> None:
    row = {
        "activity_label": "Baking",
        "ctx_a": "[header] How to bake [title] Heat the oven.",
        "ctx_b": "then you",
        "endings": ["wait.", "[step] leave.  Now."],
        "label": "1",
    }

    found = shaped(Row(row, "f:1"), "hellaswag").data

    # Two blanks in a row become one, from the left: as lm-eval has it, whose numbers are compared with these.
    assert found["question"] == "Baking:  How to bake. Heat the oven. Then you".replace("  ", " ")
    assert (found["choices"], found["answer"]) == (["wait.", " leave. Now."], 1)


def test_drop_of_its_authors_has_every_annotators_answer() -> None:
    date = {"day": "3", "month": "May", "year": "2021"}
    row = {
        "answer": {"number": "", "date": {}, "spans": ["Ann", "Ben"]},
        "validated_answers": [{"number": "4", "spans": []}, {"number": "", "date": date, "spans": []}],
    }

    found = shaped(Row(row, "f:1"), "drop").data

    assert found["answer"] == ["Ann, Ben", "4", "3 May 2021"]
    assert found["spans"] == [["Ann", "Ben"], ["4"], ["3 May 2021"]]


@pytest.mark.parametrize(
    ("flat", "spans"),
    [
        (["Ann", "Ben", "Ben", "Ann"], [["Ann", "Ben"]]),
        (["3", "3", "3"], [["3"]]),
        (["3", "three", "3"], [["3"], ["three"]]),
        (["Ann", "Ben"], [["Ann"], ["Ben"]]),
    ],
)
def test_a_block_of_spans_that_repeats_is_one_answer(flat: list[str], spans: list[list[str]]) -> None:
    row = {"answers_spans": {"spans": flat, "types": ["span"] * len(flat)}}

    assert shaped(Row(row, "f:1"), "drop").data["spans"] == spans


@pytest.mark.parametrize(
    ("shape", "row"),
    [
        ("hellaswag", {"ctx_a": "x", "question": "q"}),
        ("truthful_qa", {"question": "q"}),
        ("truthful_qa", {"mc1_targets": {"x": 0}, "mc2_targets": {"x": 1}}),
        ("drop", {"question": "q"}),
    ],
)
def test_a_row_of_something_else_is_named(shape: str, row: dict[str, object]) -> None:
    with pytest.raises(RowError, match=r"^f\.jsonl:7: not a row of the published data") as raised:
        shaped(Row(row, "f.jsonl:7"), shape)

    assert "the benchmark needs those of the published data" in raised.value.hint
