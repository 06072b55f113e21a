"""A model that sees, and a judge, for the made-up tables: right about half the time, the same answer each time."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from tests.adapters.vlmevalkit.tiny_tables import LETTERS, Row, table_rows

_MARK = re.compile(r"\[([\w-]+) #(\d+)\]")
_LINES = re.compile(r"^([A-D])\. (.*)$", re.MULTILINE)
_GRADES = "{'Creativity': 7, 'Richness': 6, 'Visual Perception': 8, 'Logical Coherence': 9, 'Answer Accuracy': 5, "
_MORE_GRADES = "'Image Relationship Understanding': 4, 'Overall Score': 6}"


def answer(body: Mapping[str, Any]) -> str:
    """Return what the model says to a request."""
    text = text_of(body)
    row, number = _row(text)
    options = dict(_LINES.findall(text))
    if options and str(row["answer"]) in options:
        return _choice(options, row, number)
    if row["answer"] in {"Yes", "No", "yes", "no"}:
        return _yes_or_no(str(row["answer"]).capitalize(), number)
    right = _right(row)
    return right if number % 2 == 0 else f"not {number}" if right[0].isdigit() else "something else"


def judgement(body: Mapping[str, Any]) -> str:
    """Return what the judge says to a request; to one in eight nothing that can be read."""
    text = text_of(body)
    if not _MARK.search(text):
        return "I am here."
    row, number = _row(text)
    grade = _grade(text, number)
    if grade or number % 8 == 7:
        return grade or "I cannot say."
    return "Yes" if "yes or no" in text.lower() else str(row["answer"])


def _grade(text: str, number: int) -> str:
    """Return what the judge makes of an open answer; an empty text where it shall only read one."""
    if "Visual Perception" in text:
        return f"It is good.\n{_GRADES}{_MORE_GRADES}"
    if "[Context]" in text:
        return f"8 {2 + number}\nThe first one is better."
    return ("1.0", "0.5", "0.0")[number % 3] if "Correctness" in text else ""


def text_of(body: Mapping[str, Any]) -> str:
    """Return the text of the last turn."""
    content = body["messages"][-1]["content"]
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content)


def _row(text: str) -> tuple[Row, int]:
    table, number = _MARK.findall(text)[-1]
    return next(row for row in table_rows(table) if f"[{table} #{number}]" in str(row["question"])), int(number)


def _choice(options: Mapping[str, str], row: Row, number: int) -> str:
    """Return the right colour's letter, another, the colour itself, or nothing that matching of texts can read."""
    colour = {LETTERS[place]: name for place, name in enumerate(("red", "green", "blue", "white"))}[
        LETTERS[number % 4]
    ]
    right = next((letter for letter, name in options.items() if name == colour), str(row["answer"]))
    if number % 4 == 3:
        return "It looks like the last one of them"
    return (right, "ABCD"[("ABCD".index(right) + 1) % 4], f"It is {options[right]}.")[number % 3]


def _yes_or_no(right: str, number: int) -> str:
    wrong = "No" if right == "Yes" else "Yes"
    return (right, wrong, f"{right}, I think.", "Hard to tell")[number % 4]


def _right(row: Row) -> str:
    """Return the first right answer."""
    stated = str(row["answer"])
    found = ast.literal_eval(stated) if stated.startswith("[") else [stated]
    return str(found[0]).replace("<AND>", " and ")
