"""A vision model and a judge for the made-up data: right about half the time, the same answer to the same request."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from tests.adapters.vlmevalkit.tiny_data import ROTATION, Row, rows_of

MARK = re.compile(r"\[([\w-]+)#([\w.]+)\]")
VAGUE = "Hard to say; it might be what lies on the left."
_DIMENSIONS = (
    *("Creativity", "Richness", "Visual Perception", "Logical Coherence", "Answer Accuracy"),
    *("Image Relationship Understanding", "Overall Score"),
)
Body = Mapping[str, Any]


def text_of(body: Body) -> str:
    """Return the text of a request's last turn."""
    content = body["messages"][-1]["content"]
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part["type"] == "text")


def luck(*of: object) -> int:
    """Return a number that looks random and is always the same."""
    return zlib.crc32(repr(of).encode())


def answer(body: Body) -> str:
    """Return an answer to a question of the made-up data."""
    found = MARK.search(text_of(body))
    if found is None:
        return VAGUE
    name, index = found[1], found[2]
    row = _rows(name).get(index)
    return said(name, row) if row else f"It is striped, turn {index}, quality {luck(name, index) % 9}."


def said(name: str, row: Row) -> str:
    """Return what the model says to a row."""
    draw = luck(name, row["index"])
    if "A" in row:
        return _chosen(name, row, draw)
    gold = right(row)
    if gold.lower() in {"yes", "no"}:
        other = "No" if gold.lower() == "yes" else "Yes"
        return (f"{gold.capitalize()}.", f"{gold.capitalize()}, it is so.", f"{other}.", VAGUE)[draw % 4]
    return (gold, gold, f"{gold} or so", "nothing")[draw % 4]


def right(row: Row) -> str:
    """Return a right answer to a row; the first where several people gave one."""
    gold = str(row["answer"])
    return gold[2:].partition("'")[0] if gold.startswith("['") else gold


def _chosen(name: str, row: Row, draw: int) -> str:
    """Return an option's letter or text; each order of a circular question is right where its first one is."""
    gold, index = str(row["answer"]), row["index"]
    if name.startswith(("MMBench", "CCBench")):
        return gold if (index % ROTATION) % 2 == 0 else VAGUE
    if not row["A"]:  # a question of an exam without options
        return (gold, "The other one.")[draw % 2]
    wrong = "ABCD"[("ABCD".index(gold) + 1) % 2]
    return (gold, f"The answer is {gold}.", str(row[gold]), wrong, VAGUE)[draw % 5]


@cache
def _rows(name: str) -> dict[str, Row]:
    return {str(row["index"]): row for row in rows_of(name)}


def verdict(body: Body) -> str:
    """Return what a judge says, in the form that each of VLMEvalKit's prompts asks for."""
    asked = text_of(body)
    draw = luck(asked)
    if "match an answer with several options" in asked or "match an answer with two options" in asked:
        words = ("Yes", "No", "Unknown") if "Yes / No" in asked else ("A", "B", "C", "Z")
        return words[draw % len(words)]
    if "Correctness" in asked:
        return f"{draw % 11 / 10}"
    if "two AI assistants" in asked:
        return f"{6 + draw % 4} {1 + draw % 6}\nBoth are striped."
    if "Overall Score" in asked:
        return f"Fine. {dict(zip(_DIMENSIONS, (1 + luck(asked, part) % 9 for part in range(7)), strict=True))}"
    if "Extracted answer" in asked:
        return _extracted(asked)
    return "I am well."


def _extracted(asked: str) -> str:
    """Return the last number or word of a response, as one who reads it would."""
    if "Given the question and analysis" in asked:
        return f"Extracted answer: {asked.rpartition('Analysis: ')[2]}\nAnswer format: String"
    response = asked.rpartition("Model respone: ")[2].removesuffix("Extracted answer:")
    found = re.findall(r"\d+(?:\.\d+)?", response)
    return found[-1] if found else response.strip()[-20:]
