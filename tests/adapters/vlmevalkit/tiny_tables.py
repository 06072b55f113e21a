"""Made-up tables in VLMEvalKit's formats: a handful of rows for every data set of the catalogue that runs.

`write_tables(folder)` makes the whole `LMUData`. What the rows say is nonsense, but each has one right answer, and a
mark in its question (`[MMStar #3]`) by which `tiny_answers.py` knows it.
"""

from __future__ import annotations

import base64
import csv
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from adapters.vlmevalkit.catalog import catalog
from tests.fakes.pictures import png

ROWS = 8
LETTERS = "ABCD"
Row = dict[str, Any]
Make = Callable[[str], list[Row]]

_COLOURS = ("red", "green", "blue", "white")
_MME = ("code_reasoning", "OCR", "color", "commonsense_reasoning")
_OCRBENCH = (
    *("Regular Text Recognition", "Artistic Text Recognition", "Scene Text-centric VQA", "Doc-oriented VQA"),
    *("Key Information Extraction", "Handwritten Mathematical Expression Recognition"),
)
_AMBER = ("discriminative-attribute-state", "discriminative-hallucination", "discriminative-relation")
_MMT = """
visual_recognition localization ocr counting hallucination image_retrieval threed visual_captioning visual_grounding
doc_understanding action_recognition pixel_level_perception image-to-image_translation relation_reasoning
intelligence_quotient_test emotion visual_illusion meme_understanding visual_prompt_understanding anomaly_detection
keypoint_detection visual_commonsense_reasoning image_evaluation_judgement multiple_image_analysis
cross_image_matching temporal_understanding visual_code medical_understanding autonomous_driving
discipline_knowledge_reasoning embodied_ai gui_navigation
"""
_MMVET = ("rec", "ocr", "know", "gen", "spat", "math", "rec,ocr", "ocr,spat,math")


def write_tables(folder: Path, names: Iterable[str] | None = None) -> Path:
    """Write the tables of the named data sets, of all that run where none are named, into `folder`; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = names if names is not None else [name for name, entry in catalog().items() if not entry.unavailable]
    for table in dict.fromkeys(table for name in wanted for table in catalog()[name].tables):
        write(folder / f"{table}.tsv", table_rows(table))
    return folder


def write(file: Path, rows: list[Row]) -> None:
    """Write rows as VLMEvalKit's TSVs are: a missing cell is empty."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with file.open("w", newline="", encoding="utf-8") as text:
        table = csv.DictWriter(text, columns, delimiter="\t", lineterminator="\n", restval="")
        table.writeheader()
        table.writerows(rows)


@cache
def table_rows(table: str) -> list[Row]:
    """Return the rows of a table."""
    kind = next((make for start, make in _MAKERS.items() if table.startswith(start)), _choices)
    return kind(table)


def picture(number: int) -> str:
    """Return a picture of a number, as a cell."""
    colour = ((number * 83) % 256, (number * 47) % 256, (number * 29) % 256)
    return base64.b64encode(png(24, 24, colour, stripe=(255, 255, 255))).decode()


def mark(table: str, number: int) -> str:
    """Return what a question is known by."""
    return f"[{table} #{number}]"


def letter(number: int) -> str:
    """Return the right option of a row."""
    return LETTERS[number % 4]


def _asked(table: str, number: int, question: str, answer: object, **more: object) -> Row:
    return {
        "index": number,
        "image": picture(number),
        "question": f"{question} {mark(table, number)}",
        "answer": answer,
        **more,
    }


def _options(turn: int = 0) -> Row:
    return {letter: _COLOURS[(place + turn) % 4] for place, letter in enumerate(LETTERS)}


def _choices(table: str, rows: int = ROWS) -> list[Row]:
    return [
        _asked(
            table,
            number,
            "What colour is it?",
            letter(number),
            **_options(),
            category=f"colour {number % 3}",
            **{"l2-category": f"kind {number % 2}"},
        )
        for number in range(rows)
    ]


def _pairs_of_pictures(table: str) -> list[Row]:
    pictures = [[picture(number), picture(number + 1)] for number in range(ROWS)]
    return [{**row, "image": str(pair)} for row, pair in zip(_choices(table), pictures, strict=True)]


def _rotated(table: str) -> list[Row]:
    """Return three questions in four orders of their options; a rotation names the row whose picture it shares."""
    rows = []
    for turn in range(4):
        for number in range(3):
            row = _asked(table, number, "What colour is it?", LETTERS[(number - turn) % 4], **_options(turn))
            own = {"index": number + turn * 1_000_000, "image": row["image"] if not turn else str(number)}
            rows.append({**row, **own, "category": f"colour {number}", "l2-category": "coarse_perception"})
    return [{**row, "split": "dev"} for row in rows]


def _exams(table: str) -> list[Row]:
    """Return questions with pictures between their words, of two splits; one of them is open."""
    rows = _choices(table)
    for number, row in enumerate(rows):
        row["question"] = f"<image 1> What colour is it? {mark(table, number)}"
        row["id"] = f"exam_{number}"
        row["split"] = "dev" if number < 2 else "validation"
    rows[-1] |= {**dict.fromkeys(LETTERS, ""), "answer": "forty-two"}
    return rows


def _tasks(table: str) -> list[Row]:
    kinds = _MMT.split()
    rows = _choices(table, len(kinds))
    return [
        {**row, "l2-category": kind, "category": f"task of {kind}"} for row, kind in zip(rows, kinds, strict=True)
    ]


def _medicine(table: str) -> list[Row]:
    return [
        {
            **row,
            "clinical vqa task": f"task {n % 2}",
            "department": f"ward {n % 3}",
            "perceptual granularity": "image",
        }
        for n, row in enumerate(_choices(table))
    ]


def _yes(number: int) -> str:
    return ("Yes", "No")[number % 2]


def _mme(table: str) -> list[Row]:
    """Return two questions a picture, of four categories."""
    return [
        _asked(
            table, number, "Is it so?", _yes(number), category=category, image_path=f"{category}_{number // 2}.png"
        )
        for number, category in enumerate(name for name in _MME for _ in range(4))
    ]


def _pope(table: str) -> list[Row]:
    kinds = ("random", "popular", "adversarial", "random,popular,adversarial")
    return [_asked(table, n, "Is there a cat?", _yes(n), category=kinds[n % 4]) for n in range(ROWS)]


def _hallusion(table: str) -> list[Row]:
    rows = [_asked(table, n, "Is it so?", _yes(n), category="VD", **{"l2-category": "illusion"}) for n in range(ROWS)]
    return [{**row, "index": f"VD_illusion_x_{n // 4}_{n % 2}_{n % 4}"} for n, row in enumerate(rows)]


def _amber(table: str) -> list[Row]:
    return [
        _asked(table, n, "Is it so?", _yes(n).lower(), category=_AMBER[n % 3], image_path=f"{n}.png")
        for n in range(ROWS)
    ]


def _charts(table: str) -> list[Row]:
    splits = ("test_human", "test_augmented")
    return [_asked(table, n, "How many?", str(100 + n), split=splits[n % 2]) for n in range(ROWS)]


def _words(table: str) -> list[Row]:
    return [_asked(table, n, "Which word?", f"word{n}", category=f"kind {n % 2}") for n in range(ROWS)]


def _agreed(table: str) -> list[Row]:
    """Return answers of ten people, not all of one mind."""
    return [_asked(table, n, "Which word?", str([f"word{n}"] * (3 + n) + ["other"] * (7 - n))) for n in range(ROWS)]


def _several(table: str) -> list[Row]:
    return [_asked(table, n, "Which word?", str([f"longer word {n}", f"word {n}"])) for n in range(ROWS)]


def _ocrbench(table: str) -> list[Row]:
    return [
        _asked(table, n, "Which text?", str([f"text{n}"]), category=_OCRBENCH[n % len(_OCRBENCH)])
        for n in range(2 * len(_OCRBENCH))
    ]


def _tongues(table: str) -> list[Row]:
    return [_asked(table, n, "Which word?", f"word{n}", category=("DE", "JA")[n % 2], split="test") for n in range(8)]


def _captions(table: str) -> list[Row]:
    return [
        _asked(table, n, "Describe it.", str([f"a picture of thing {n} on a table", f"thing {n} lies on a table"]))
        for n in range(ROWS)
    ]


def _graded(table: str) -> list[Row]:
    return [
        _asked(table, n, "What is it?", f"thing {n}<AND>table", category=category)
        for n, category in enumerate(_MMVET)
    ]


def _beside_a_reference(table: str) -> list[Row]:
    kinds = ("conv", "detail", "complex")
    return [
        _asked(
            table,
            n,
            "Tell about it.",
            f"thing {n}",
            caption=f"A picture of thing {n}.",
            gpt4_ans=f"It is thing {n}.",
            category=kinds[n % 3],
        )
        for n in range(6)
    ]


def _vista(table: str) -> list[Row]:
    shared = {"task": "arithmetic", "skills": "['numeric', 'logic']"}
    whole = {"question_type": "free_form", "answer_type": "integer", "choices": ""}
    chosen = {"question_type": "multi_choice", "answer_type": "text", "choices": str(list(_COLOURS))}
    rows = [_asked(table, n, "How many?", str(10 + n), answer_option="", **whole, **shared) for n in range(4)]
    rows += [
        _asked(table, n, "What colour?", _COLOURS[n % 4], answer_option=letter(n), **chosen, **shared)
        for n in range(4, 8)
    ]
    return rows


def _competition(table: str) -> list[Row]:
    subjects = ("algebra", "graph theory")
    rows = [_asked(table, n, "How many?", str(10 + n), choices="[]", category=subjects[n % 2]) for n in range(4)]
    for n in range(4, 8):
        options = str(list(_COLOURS))
        rows.append(_asked(table, n, "What colour?", letter(n), choices=options, category=subjects[n % 2]))
    return rows


def _conversations(table: str) -> list[Row]:
    rows = []
    for n in range(3):
        turns = [f"<ImageHere>What is it? {mark(table, n)}", f"And <ImageHere>this? {mark(table, n)}"]
        rows.append(
            {
                "index": n,
                "image": str([picture(n), picture(n + 1)]),
                "question": str(turns),
                "answer": str([f"thing {n}", f"thing {n + 1}"]),
            }
        )
    return rows


# The first whose name a table's name begins with.
_MAKERS: Mapping[str, Make] = {
    "MMBench": _rotated,
    "CCBench": _rotated,
    "MMMU": _exams,
    "MMT-Bench": _tasks,
    "GMAI": _medicine,
    "BLINK": _pairs_of_pictures,
    "SEEDBench2_Plus": _choices,
    "SEEDBench2": _pairs_of_pictures,
    "MMMB": _choices,
    "MME": _mme,
    "POPE": _pope,
    "HallusionBench": _hallusion,
    "AMBER": _amber,
    "ChartQA": _charts,
    "OCRVQA": _words,
    "GQA": _words,
    "TextVQA": _agreed,
    "DocVQA": _several,
    "InfoVQA": _several,
    "OCRBench": _ocrbench,
    "MTVQA": _tongues,
    "COCO": _captions,
    "MMVet": _graded,
    "LLaVABench": _beside_a_reference,
    "MathVista": _vista,
    "MathVision": _competition,
    "MMDU": _conversations,
    "own_image_openended": _agreed,
}
