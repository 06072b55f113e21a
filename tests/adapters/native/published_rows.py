"""A few made-up rows for every benchmark, with the columns and in the files of the published data."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any, NamedTuple

Rows = list[dict[str, Any]]


class Published(NamedTuple):
    """The files of a benchmark (path: rows, or lines of CSV without a header), and which subsets are evaluated."""

    files: dict[str, Rows | list[list[str]]]
    subsets: tuple[str, ...] | None = None


def _lettered(column: str = "question", answer: str = "answer") -> Rows:
    options = {"A": "one", "B": "two", "C": "three", "D": "four"}
    return [{column: f"Which is number {n}?", **options, answer: "ABCD"[n - 1]} for n in (1, 2, 3, 4)]


_MMLU = [
    {"question": f"Which is number {n}?", "subject": "anatomy", "choices": ["1", "2", "3", "0"], "answer": n - 1}
    for n in (1, 2, 3)
]
_PLAIN = [[f"Which is number {n}?", "one", "two", "three", "four", "ABCD"[n - 1]] for n in (1, 2, 3, 4)]
_PRO = [
    {
        "question_id": n,
        "question": f"Which is {n}?",
        "options": [str(option) for option in range(10)],
        "answer": "ABCDEFGHIJ"[n],
        "answer_index": n,
        "cot_content": "" if n else "A: Let's think step by step. Nothing is 0. The answer is (A).",
        "category": category,
        "src": "made up",
    }
    for category in ("math", "law")
    for n in (3, 0, 9)
]
_GPQA = [
    {
        "Record ID": f"rec{n}",
        "Question": f"What is {n} + {n}?",
        "Correct Answer": f" {2 * n}\n",
        "Incorrect Answer 1": str(2 * n + 1),
        "Incorrect Answer 2": str(2 * n - 1),
        "Incorrect Answer 3": "none, as nobody can know",
        "High-level domain": "Physics",
    }
    for n in range(1, 7)
]
_RACE = [
    {
        "example_id": f"high{n}.txt",
        "article": "Ann has a dog. Ben has a cat.",
        "question": f"{who} has a _ .",
        "options": ["cat", "dog", "cow", "hen"],
        "answer": right,
    }
    for n, (who, right) in enumerate([("Ann", "B"), ("Ben", "A")])
]
_HELLASWAG = [
    {
        "ind": n,
        "activity_label": f"Baking {n}",
        "ctx_a": "A woman [step] opens an oven.",
        "ctx_b": "she",
        "ctx": "A woman opens an oven. she",
        "endings": ["takes a cake out.", "[substeps] swims.", "reads the sea.", "is a  door."],
        "source_id": "made~up",
        "split": "val",
        "split_type": "indomain",
        "label": str(n),
    }
    for n in range(4)
]
_PIQA = [{"goal": f"open door {n}", "sol1": "turn the handle", "sol2": "eat the handle", "label": n} for n in (0, 1)]
_WINOGRANDE = [
    {"sentence": "Ann helped Ben because _ was kind.", "option1": "Ann", "option2": "Ben", "answer": "1"},
    {"sentence": "_ fell as nobody held the vase.", "option1": "The wall", "option2": "The vase", "answer": "2"},
]
_BOOLQ = [
    {"question": f"is water {what}", "answer": right, "passage": "Water is wet."}
    for what, right in (("wet", True), ("dry", False))
]
_OBQA = [
    {
        "id": f"7-{n}",
        "question_stem": f"On day {n} the sun is",
        "choices": {"text": ["a star", "a moon", "a lamp", "a tree"], "label": ["A", "B", "C", "D"]},
        "answerKey": key,
    }
    for n, key in enumerate("AB")
]
_TRUTHFUL = [
    {
        "question": f"What happens {when} you break a mirror?",
        "mc1_targets": {"choices": ["Nothing", "Bad luck", "You vanish"], "labels": [1, 0, 0]},
        "mc2_targets": {
            "choices": ["Nothing", "It is broken", "Bad luck", "You vanish"],
            "labels": [1, 1, 0, 0],
        },
    }
    for when in ("if", "when", "after")
]
_TRUTHFUL_BY_TEXT = [
    {
        "question": "What happens if you break a mirror?",
        "mc1_targets": {"Nothing": 1, "Bad luck": 0},
        "mc2_targets": {"Nothing": 1, "It is broken": 1, "Bad luck": 0},
    }
]
_MATH = [
    {
        "problem": "What is half of $x$?",
        "level": "Level 1",
        "type": "Algebra",
        "solution": "We get $x/2$, so \\boxed{\\frac{x}{2}}.",
    },
    {"problem": "Solve $x^2 = 4$.", "level": "Level 2", "type": "Algebra", "solution": "\\boxed{\\{-2, 2\\}}"},
]
_MATH_500 = [
    {
        "problem": "What is $2 + 2$?",
        "solution": "It is $\\boxed{4}$.",
        "answer": "4",
        "subject": "Prealgebra",
        "level": 1,
        "unique_id": "test/prealgebra/1.json",
    }
]
_TRIVIA = [
    {
        "question": f"Which city is the capital of {country}?",
        "question_id": f"q{n}",
        "answer": {"value": city, "aliases": [city, f"City of {city}"], "normalized_aliases": [city.lower()]},
    }
    for n, (country, city) in enumerate([("France", "Paris"), ("Italy", "Rome"), ("Spain", "Madrid")])
]
_DROP = [
    {
        "section_id": "s",
        "query_id": f"d{n}",
        "passage": "Ann has 3 dogs and Ben has 4.",
        "question": f"{what}?",
        "answers_spans": {"spans": spans, "types": [kind] * len(spans)},
    }
    for n, (what, kind, spans) in enumerate(
        [
            ("How many dogs has Ann", "number", ["3", "3"]),
            ("Who has dogs", "span", ["Ann", "Ben", "Ann", "Ben"]),
        ]
    )
]
_DROP_OF_ITS_AUTHORS = [
    {
        "section_id": "s",
        "query_id": "d",
        "passage": "Ann and Ben met on 3 May 2021.",
        "question": "Who met?",
        "answer": {"number": "", "date": {"day": "", "month": "", "year": ""}, "spans": ["Ann", "Ben"]},
        "validated_answers": {
            "number": ["", ""],
            "date": [{"day": "3", "month": "May", "year": "2021"}, {"day": "", "month": "", "year": ""}],
            "spans": [[], ["Ann"]],
        },
    }
]
_BBH = [
    {"input": "Today is Monday.\nOptions:\n(A) yes\n(B) no", "target": "(A)"},
    {"input": "Is it?", "target": "No"},
]
_SIMPLE = [{"metadata": "{}", "problem": f"Who is {n}?", "answer": who} for n, who in enumerate(["Ann", "Ben Li"])]
_IFEVAL = [
    {
        "key": 1000,
        "prompt": "Write two words, no commas.",
        "instruction_id_list": ["punctuation:no_comma", "length_constraints:number_words"],
        "kwargs": [
            {"num_words": None, "relation": None},
            {"num_words": 2, "relation": "at least"},
        ],
    }
]
_GSM8K = [
    {"question": "2 and 3?", "answer": "2 + 3 = <<2+3=5>>5\n#### 5"},
    {"question": "A thousand and 1?", "answer": "#### 1,001"},
]
_HUMANEVAL = [
    {
        "task_id": "HumanEval/0",
        "prompt": 'def one() -> int:\n    """Return 1."""\n',
        "canonical_solution": "    return 1\n",
        "test": "def check(candidate):\n    assert candidate() == 1\n",
        "entry_point": "one",
    }
]
_MBPP = [
    {
        "task_id": 11,
        "text": "Write a function to return 1.",
        "code": "def one():\n    return 1",
        "test_list": ["assert one() == 1"],
        "test_setup_code": "",
        "challenge_test_list": [],
    }
]
_MBPP_SANITIZED = [
    {
        "source_file": "made up",
        "task_id": 11,
        "prompt": "Write a function to return 1.",
        "code": "def one():\n    return 1",
        "test_imports": [],
        "test_list": ["assert one() == 1", "assert one() != 2"],
    }
]
_ARC = [
    {
        "id": f"m{n}",
        "question": f"Which is number {n}?",
        "choices": {"text": ["wood", "iron", "air"], "label": ["1", "2", "3"]},
        "answerKey": key,
    }
    for n, key in enumerate("12")
]

PUBLISHED: dict[str, list[Published]] = {
    "arc": [Published({"ARC-Challenge/test.jsonl": _ARC})],
    "bbh": [
        Published({"snarks/test.jsonl": _BBH}, ("snarks",)),
        Published({"bbh/snarks.json": _BBH, "bbh/navigate.json": _BBH}, ("snarks", "navigate")),
    ],
    "boolq": [Published({"data/validation-00000-of-00001.jsonl": _BOOLQ})],
    "ceval": [
        Published({"law/val.jsonl": _lettered(), "law/dev.jsonl": _lettered()}, ("law",)),
        Published({"val/law_val.csv": _lettered(), "dev/law_dev.csv": _lettered()}, ("law",)),
    ],
    "cmmlu": [Published({"test/agronomy.csv": _lettered("Question", "Answer")}, ("agronomy",))],
    "competition_math": [Published({"algebra/test.jsonl": _MATH}, ("algebra",))],
    "drop": [
        Published({"data/validation-00000-of-00001.jsonl": _DROP}),
        Published({"drop_validation.jsonl": _DROP_OF_ITS_AUTHORS}),
    ],
    "gpqa": [Published({"gpqa_diamond.csv": _GPQA})],
    "gsm8k": [Published({"main/test.jsonl": _GSM8K})],
    "hellaswag": [
        Published({"data/validation-00000-of-00001.jsonl": _HELLASWAG}),
        Published({"hellaswag_val.jsonl": _HELLASWAG}),
    ],
    "humaneval": [Published({"openai_humaneval/test.jsonl": _HUMANEVAL}), Published({"HumanEval.jsonl": _HUMANEVAL})],
    "ifeval": [Published({"ifeval_input_data.jsonl": _IFEVAL})],
    "math_500": [Published({"test.jsonl": _MATH_500})],
    "mbpp": [
        Published({"full/test.jsonl": _MBPP}),
        Published({"sanitized/test.jsonl": _MBPP_SANITIZED}, ("sanitized",)),
    ],
    "mmlu": [
        Published({"anatomy/test.jsonl": _MMLU}, ("anatomy",)),
        Published({"data/test/anatomy_test.csv": _PLAIN}, ("anatomy",)),
    ],
    "mmlu_pro": [Published({"data/test-00000-of-00001.jsonl": _PRO}, ("math", "law"))],
    "obqa": [Published({"main/test.jsonl": _OBQA})],
    "piqa": [Published({"data/validation.jsonl": _PIQA})],
    "race": [Published({"high/test-00000-of-00001.jsonl": _RACE}, ("high",))],
    "simple_qa": [Published({"simple_qa_test_set.csv": _SIMPLE})],
    "trivia_qa": [Published({"rc.nocontext/validation.jsonl": _TRIVIA})],
    "truthful_qa": [
        Published({"multiple_choice/validation.jsonl": _TRUTHFUL}),
        Published({"mc_task.json": _TRUTHFUL_BY_TEXT}),
    ],
    "winogrande": [Published({"winogrande_xl/validation.jsonl": _WINOGRANDE})],
}


def write(published: Published, root: Path) -> Path:
    """Write a benchmark's files below `root` and return it."""
    for name, rows in published.files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix == ".csv":
            _write_csv(file, rows)
        elif file.suffix == ".json":
            file.write_text(json.dumps({"canary": "made up", "examples": rows}), encoding="utf-8")
        else:
            file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return root


def _write_csv(file: Path, rows: Any) -> None:
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        if isinstance(rows[0], dict):
            writer.writerow(rows[0])
        writer.writerows(row.values() if isinstance(row, dict) else row for row in rows)
