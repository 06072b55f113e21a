"""Made-up data in VLMEvalKit's form, a TSV each: a handful of rows for every table, with pictures drawn by hand.

`write_data(folder)` makes the whole folder. The columns are those that VLMEvalKit 0.0.20 reads; what the rows say is
nonsense, but each question bears a mark such as `[MMStar#3]`, by which `tiny_answers` finds the right answer.
"""

from __future__ import annotations

import base64
import csv
import io
import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tests.fakes.documents import pdf
from tests.fakes.pictures import png

ROWS = 6
ROTATION = 1_000_000  # VLMEvalKit: rotation k of question g has the index g + k * ROTATION
LETTERS = "ABCD"
WORDS = ("amber", "bronze", "coral", "denim", "emerald")
LANGUAGES = ("ar", "cn", "en", "pt", "ru", "tr")
Row = dict[str, Any]
Rows = list[Row]


def write_data(folder: Path, names: Iterable[str] | None = None) -> Path:
    """Write the named tables, all where none are named, into `folder`; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or TABLES:
        write_table(folder / f"{name}.tsv", rows_of(name))
    return folder


def write_table(path: Path, rows: Rows) -> Path:
    """Write rows as VLMEvalKit reads them; a key that a row lacks is an empty cell."""
    text = io.StringIO()
    columns = dict.fromkeys(key for row in rows for key in row)
    writer = csv.DictWriter(text, list(columns), delimiter="\t", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def rows_of(name: str) -> Rows:
    """Return the rows of a table."""
    return TABLES[name](name)


def picture(*what: object) -> str:
    """Return a picture as VLMEvalKit's tables hold it: base64 of a file; another for every `what`."""
    draw = zlib.crc32(repr(what).encode())
    colours = [tuple(draw >> shift & 0xFF for shift in shifts) for shifts in ((0, 8, 16), (16, 24, 0))]
    return base64.b64encode(png(24, 18, colours[0], stripe=colours[1])).decode("ascii")  # type: ignore[arg-type]


def question(name: str, index: object, words: str) -> str:
    """Return a question with its mark."""
    return f"[{name}#{index}] {words}"


def _base(name: str, index: object, words: str, answer: object) -> Row:
    return {"index": index, "image": picture(name, index), "question": question(name, index, words), "answer": answer}


def _options(index: int, count: int = 4) -> Row:
    """Return options that differ from row to row, none of which is part of another."""
    return {letter: f"{word} {index}" for letter, word in zip("ABCDE"[:count], WORDS, strict=False)}


def _choices(
    name: str,
    *,
    count: int = ROWS,
    columns: Mapping[str, tuple[str, ...]] | None = None,
    hint: bool = False,
    pictures: int = 1,
) -> Rows:
    """Return multiple-choice questions; every value of `columns` in turn."""
    rows = []
    for index in range(count):
        row = {**_base(name, index, "Which colour is it?", LETTERS[index % 4]), **_options(index)}
        if pictures > 1:
            row["image"] = str([picture(name, index, part) for part in range(pictures)])
        if hint:
            row["hint"] = f"Look at stripe {index}." if index % 2 else ""
        rows.append({**row, **{key: values[index % len(values)] for key, values in (columns or {}).items()}})
    return rows


_ABILITIES = {"category": ("texture", "colour", "stripes"), "l2-category": ("coarse", "fine")}


def _science(name: str, *, split: str) -> Rows:
    rows = _choices(name, columns={**_ABILITIES, "split": (split,)}, hint=True)
    for row in rows[::3]:
        row["C"] = row["D"] = ""
        row["answer"] = "AB"[row["index"] % 2]
    rows[1]["E"] = "emerald 1"
    return rows


def _exam(name: str) -> Rows:
    """Return MMMU's kind: pictures between the words, some questions without options."""
    columns = {"category": ("Art", "Music"), "l2-category": ("Humanities",), "split": ("dev", "validation")}
    rows = _choices(name, columns=columns, pictures=2)
    for row in rows:
        row["question"] += " First <image 1> then <image 2>, which is brighter?"
    for row in rows[2::3]:
        row.update(dict.fromkeys(LETTERS, ""), answer=f"number {row['index']}")
    return rows


def _circular(name: str, *, groups: int = 3, split: str = "dev") -> Rows:
    """Return questions with their options in each order; all but the first order name the picture by its row."""
    abilities = ("coarse_perception", "logic_reasoning", "attribute_reasoning")
    rows = []
    for turn in range(4):
        for group in range(groups):
            index = group + turn * ROTATION
            words = [f"{word} {group}" for word in WORDS[:4]]
            row = _base(name, index, "Which colour is it?", LETTERS[(group - turn) % 4])
            row.update(zip(LETTERS, words[turn:] + words[:turn], strict=True))
            row["image"] = picture(name, group) if not turn else str(group)
            row.update({"category": f"skill_{group % 2}", "l2-category": abilities[group % 3], "split": split})
            rows.append(row)
    return rows


def _medicine(name: str) -> Rows:
    columns = {
        "clinical vqa task": ("Disease Diagnosis", "Organ Recognition"),
        "department": ("Cardiology", "Urology", "Surgery"),
        "perceptual granularity": ("image level", "box level"),
    }
    return _choices(name, columns=columns)


# The 32 kinds of MMT-Bench: its report fails unless every one occurs.
_KINDS = (
    *("visual_recognition", "localization", "ocr", "counting", "hallucination", "image_retrieval", "threed"),
    *("visual_captioning", "visual_grounding", "doc_understanding", "action_recognition", "pixel_level_perception"),
    *("image-to-image_translation", "relation_reasoning", "intelligence_quotient_test", "emotion", "visual_illusion"),
    *("meme_understanding", "visual_prompt_understanding", "anomaly_detection", "keypoint_detection"),
    *("visual_commonsense_reasoning", "image_evaluation_judgement", "multiple_image_analysis"),
    *("cross_image_matching", "temporal_understanding", "visual_code", "medical_understanding", "autonomous_driving"),
    *("discipline_knowledge_reasoning", "embodied_ai", "gui_navigation"),
)


def _tasks(name: str) -> Rows:
    columns = {"category": tuple(f"{kind}_task" for kind in _KINDS), "l2-category": _KINDS, "split": ("val",)}
    return _choices(name, count=len(_KINDS), columns=columns)


_PERCEPTION = (
    *("OCR", "artwork", "celebrity", "color", "count", "existence", "landmark", "position", "posters", "scene"),
    *("code_reasoning", "commonsense_reasoning", "numerical_calculation", "text_translation"),
)


def _pairs(name: str) -> Rows:
    """Return MME's kind: two questions a picture."""
    rows = []
    for index in range(2 * len(_PERCEPTION)):
        category = _PERCEPTION[index // 2]
        row = _base(name, index, "Is it striped? Please answer yes or no.", ("Yes", "No")[index % 2])
        rows.append({**row, "image_path": f"{category}/0.png", "category": category})
    return rows


def _yes_or_no(
    name: str, *, columns: Mapping[str, tuple[str, ...]], answers: tuple[str, str] = ("Yes", "No")
) -> Rows:
    rows = [_base(name, index, "Is it striped?", answers[index % 2]) for index in range(ROWS)]
    return [{**row, **{key: values[row["index"] % len(values)] for key, values in columns.items()}} for row in rows]


def _illusions(name: str) -> Rows:
    rows = []
    for index in range(8):
        named = f"VD_illusion_{index}_{index // 4}_{index // 2 % 2}_{index % 2}"  # ..._set_figure_question
        row = _base(name, named, "Are both as long?", ("Yes", "No")[index % 2])
        rows.append({**row, "category": ("VD", "VS")[index // 4], "l2-category": ("illusion", "map")[index // 4]})
    return rows


def _hallucinations(name: str) -> Rows:
    kinds = (
        *("discriminative-attribute-state", "discriminative-attribute-number", "discriminative-attribute-action"),
        *("discriminative-hallucination", "discriminative-relation", "relation"),
    )
    paths = tuple(f"AMBER_{index}.jpg" for index in range(ROWS))
    return _yes_or_no(name, columns={"category": kinds, "image_path": paths}, answers=("yes", "no"))


def _charts(name: str) -> Rows:
    rows = []
    for index in range(ROWS):
        answer = str(100 + index) if index % 2 else WORDS[index % 5]
        row = _base(name, index, "What does the chart say?", answer)
        rows.append({**row, "split": ("test_human", "test_augmented")[index // 3]})
    return rows


def _open(name: str, *, several: int = 0) -> Rows:
    """Return questions with one right answer, or with that of `several` people, of whom one differs."""
    rows = []
    for index in range(ROWS):
        right = f"{WORDS[index % 5]} {10 + index}"
        answer = str([right] * (several - 1) + [f"other {index}"]) if several else right
        rows.append(_base(name, index, "What is written there?", answer))
    return rows


def _texts(name: str) -> Rows:
    kinds = (
        *("Regular Text Recognition", "Irregular Text Recognition", "Artistic Text Recognition"),
        *("Handwriting Recognition", "Digit String Recognition", "Non-Semantic Text Recognition"),
        *("Scene Text-centric VQA", "Doc-oriented VQA", "Key Information Extraction"),
        "Handwritten Mathematical Expression Recognition",
    )
    return [
        {**_base(name, index, "What is written there?", str([f"word {index}"])), "category": kinds[index % 10]}
        for index in range(2 * len(kinds))
    ]


def _tongues(name: str) -> Rows:
    words = {"AR": "سوق", "DE": "Markt", "FR": "marché", "IT": "mercato", "JA": "市場", "KR": "시장", "RU": "рынок"}
    return [
        {**_base(name, index, "?", word), "category": language, "split": "test"}
        for index, (language, word) in enumerate(words.items())
    ]


def _captions(name: str) -> Rows:
    rows = []
    for index in range(ROWS):
        word = WORDS[index % 5]
        people = [
            f"a {word} picture number {index} with {part} stripes" for part in ("broad", "narrow", "some", "two")
        ]
        rows.append(_base(name, index, "Please describe this image.", str(people)))
    return rows


def _graded(name: str) -> Rows:
    abilities = ("rec", "ocr", "know", "gen", "spat", "math", "rec,ocr", "ocr,spat,math")
    return [
        {**_base(name, index, "What is shown?", f"{WORDS[index % 5]}<AND>{index}"), "category": ability}
        for index, ability in enumerate(abilities)
    ]


def _beside(name: str) -> Rows:
    rows = []
    for index in range(ROWS):
        row = _base(name, index, "Describe it.", f"stripes {index}")
        more = {"caption": f"A picture of stripes {index}.", "gpt4_ans": f"There are stripes {index}."}
        rows.append({**row, **more, "category": ("conv", "detail", "complex")[index % 3]})
    return rows


def _mathematics(name: str) -> Rows:
    """Return MathVista's kind: choices, whole numbers, fractions and texts."""
    kinds = (("multi_choice", "text"), ("free_form", "integer"), ("free_form", "float"), ("free_form", "text"))
    rows = []
    for index in range(8):
        kind, answers = kinds[index % 4]
        options = [f"{word} {index}" for word in WORDS[:4]]
        right = {"integer": str(index), "float": f"{index}.5", "text": f"side {index}"}[answers]
        if kind == "multi_choice":
            right = options[index % 3]
        hint = "Hint: Please give the final answer at the end.\nQuestion: How much?"
        rows.append(
            {
                **_base(name, index, hint, right),
                "answer_option": LETTERS[index % 3] if kind == "multi_choice" else "",
                "question_type": kind,
                "answer_type": answers,
                "choices": str(options) if kind == "multi_choice" else "[]",
                "task": ("geometry problem solving", "figure question answering")[index // 4],
                "skills": str(["arithmetic reasoning"] + (["geometry reasoning"] if index % 2 else [])),
                "category": "math-targeted-vqa",
            }
        )
    return rows


def _competition(name: str) -> Rows:
    rows = []
    for index in range(8):
        options = [f"{word} {index}" for word in WORDS] if index % 2 else []
        right = "ABCDE"[index % 5] if options else str(index * 3)
        row = _base(name, index, "How many stripes?", right)
        rows.append({**row, "choices": str(options), "category": ("algebra", "graph theory", "topology")[index % 3]})
    return rows


def _conversations(name: str) -> Rows:
    """Return MMDU's kind: several turns, pictures where the words say so."""
    rows = []
    for index in range(3):
        turns = [question(name, f"{index}.{turn}", f"Compare. {'<ImageHere>' * (turn < 2)}") for turn in range(3)]
        rows.append(
            {
                "index": index,
                "image": str([picture(name, index, turn) for turn in range(2)]),
                "question": str(turns),
                "answer": str([f"Turn {turn} of {index} is striped." for turn in range(3)]),
            }
        )
    return rows


def _documents(name: str) -> Rows:
    """Return questions about documents of several pages, the last of which have no answer in them."""
    sources = ("Chart", "Table", "Figure", "Pure-text (Plain-text)", "Generalized-text (Layout)")
    rows = []
    for index in range(8):
        pages, answered = 2 + index % 2, index < 6
        words = _base(name, index, "What is written there?", f"{WORDS[index % 5]} {10 + index}")
        document = {
            "image": base64.b64encode(pdf(pages)).decode("ascii"),
            "image_path": str([f"{index}_{page + 1}.jpg" for page in range(pages)]),
            "doc_id": f"{index}.pdf",
            "answer_format": "Str" if answered else "None",
            "evidence_sources": str([sources[index % 5]] if answered else []),
            "evidence_pages": str(list(range(1, pages + 1)) if answered else []),
        }
        rows.append({**words, **document, **({} if answered else {"answer": "Not answerable"})})
    return rows


def _slides(name: str) -> Rows:
    """Return questions about several slides, each of which is a picture."""
    rows = _open(name)
    for row in rows:
        row["image"] = str([picture(name, row["index"], page) for page in range(3)])
        row["image_path"] = str([f"{row['index']}_{page}.jpg" for page in range(3)])
    return rows


_PLAIN = (
    *("MMStar", "AI2D_TEST", "AI2D_TEST_NO_MASK", "SEEDBench_IMG", "SEEDBench2_Plus", "RealWorldQA", "A-Bench_VAL"),
    *("AesBench_VAL", "Q-Bench1_VAL", "TaskMeAnything_v1_imageqa_random"),
)
_CIRCULAR = ("MMBench_DEV_EN", "MMBench_DEV_EN_V11", "MMBench_DEV_CN", "MMBench_DEV_CN_V11", "CCBench")
TABLES: Mapping[str, Callable[[str], Rows]] = {
    **dict.fromkeys(_PLAIN, partial(_choices, columns=_ABILITIES)),
    "SEEDBench2": partial(_choices, columns=_ABILITIES, pictures=2),
    "BLINK": partial(_choices, columns={"category": ("Counting", "Jigsaw"), "split": ("val",)}, pictures=3),
    "ScienceQA_VAL": partial(_science, split="val"),
    "ScienceQA_TEST": partial(_science, split="test"),
    "MMMU_DEV_VAL": _exam,
    **dict.fromkeys(_CIRCULAR, _circular),
    **{f"MMBench_dev_{language}": partial(_circular, groups=2) for language in LANGUAGES},
    **{f"MMMB_{language}": partial(_choices, count=3, columns=_ABILITIES) for language in LANGUAGES},
    "GMAI-MMBench_VAL": _medicine,
    "MMT-Bench_VAL": _tasks,
    "MME": _pairs,
    "POPE": partial(_yes_or_no, columns={"category": ("random", "popular", "adversarial", "random,popular")}),
    "HallusionBench": _illusions,
    "AMBER": _hallucinations,
    "ChartQA_TEST": _charts,
    **dict.fromkeys(("OCRVQA_TEST", "OCRVQA_TESTCORE", "GQA_TestDev_Balanced"), _open),
    "TextVQA_VAL": partial(_open, several=10),
    **dict.fromkeys(("DocVQA_VAL", "InfoVQA_VAL", "DocVQA_TEST"), partial(_open, several=2)),
    "OCRBench": _texts,
    "MTVQA_TEST": _tongues,
    "COCO_VAL": _captions,
    "MMVet": _graded,
    "LLaVABench": _beside,
    "MathVista_MINI": _mathematics,
    **dict.fromkeys(("MathVision", "MathVision_MINI"), _competition),
    "MMDU": _conversations,
    **dict.fromkeys(("MMLongBench_DOC", "DUDE_MINI"), _documents),
    "SLIDEVQA_MINI": _slides,
}
