"""Made-up data in the formats of OpenCompass's data folder: a handful of rows for every data set of the catalog.

`write_data(folder)` makes the whole folder. The rows have the columns of the published files, which `columns.yaml`
lists; what they say is nonsense, but each has one right answer.
"""

# ruff: noqa: RUF001 - Chinese has marks of its own
from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from adapters.opencompass.catalog import Entry, catalog

ROWS = 6
DEV_ROWS = 5  # what a five-shot prompt takes
PROBLEMS = 164  # HumanEval cannot be cut
FIRST_TEST_OF_MBPP = 10
Rows = list[dict[str, Any]]
Files = Mapping[str, str]


def write_data(folder: Path, names: Iterable[str] | None = None) -> Path:
    """Write the data of the named data sets, of all where none are named, below `folder`; return it."""
    for name in names or catalog():
        for path, text in WRITERS[name](catalog()[name]).items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return folder


def lines(rows: Iterable[object]) -> str:
    """Return rows as JSON lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def table(rows: Iterable[Iterable[object]], delimiter: str = ",") -> str:
    """Return rows as CSV."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()


def letter(index: int) -> str:
    """Return the right option of a row."""
    return "ABCD"[index % 4]


def _numbers() -> range:
    return range(ROWS)


def _gsm8k(_: Entry) -> Files:
    rows = [
        {
            "question": f"Ann has {i} apples and buys {i + 1}. How many?",
            "answer": f"{i}+{i + 1}={2 * i + 1}\n#### {2 * i + 1}",
        }
        for i in _numbers()
    ]
    return {"gsm8k/train.jsonl": lines(rows), "gsm8k/test.jsonl": lines(rows)}


def _math(_: Entry) -> Files:
    rows = {
        str(i): {
            "problem": f"What is ${i}+{i}$?",
            "level": "Level 1",
            "type": "Algebra",
            "solution": f"It is $\\boxed{{{2 * i}}}$.",
        }
        for i in _numbers()
    }
    return {"math/math.json": json.dumps(rows)}


def _arc(entry: Entry) -> Files:
    rows = [
        {
            "id": f"q{i}",
            "question": {
                "stem": f"Which stone is number {i}?",
                "choices": [{"text": f"stone {i}{option}", "label": option} for option in "ABCD"],
            },
            "answerKey": letter(i),
        }
        for i in _numbers()
    ]
    return dict.fromkeys(entry.files, lines(rows))


def _exam_rows(subset: str, count: int) -> list[list[str]]:
    return [[f"{subset} {i}?", *(f"{subset} {i}{option}" for option in "abcd"), letter(i)] for i in range(count)]


def _mmlu(entry: Entry) -> Files:
    found = {}
    for subset in entry.parts:
        found[f"mmlu/dev/{subset}_dev.csv"] = table(_exam_rows(subset, DEV_ROWS))
        found[f"mmlu/test/{subset}_test.csv"] = table(_exam_rows(subset, ROWS))
    return found


def _cmmlu(entry: Entry) -> Files:
    header = ["", "Question", "A", "B", "C", "D", "Answer"]
    found = {}
    for subset in entry.parts:
        for split, count in (("dev", DEV_ROWS), ("test", ROWS)):
            rows = [[str(i), *row] for i, row in enumerate(_exam_rows(subset, count))]
            found[f"cmmlu/{split}/{subset}.csv"] = table([header, *rows])
    return found


def _ceval(entry: Entry) -> Files:
    header = ["id", "question", "A", "B", "C", "D", "answer"]
    found = {}
    for subset in entry.parts:
        for split, count in (("dev", DEV_ROWS), ("val", ROWS), ("test", ROWS)):
            rows = [[str(i), *row] for i, row in enumerate(_exam_rows(subset, count))]
            if split == "dev":
                content = [[*header, "explanation"], *([*row, "because"] for row in rows)]
            elif split == "test":
                content = [header[:-1], *(row[:-1] for row in rows)]
            else:
                content = [header, *rows]
            found[f"ceval/formal_ceval/{split}/{subset}_{split}.csv"] = table(content)
    return found


def _agieval(entry: Entry) -> Files:
    found = {}
    for subset in entry.parts:
        open_ended = subset in {"math", "gaokao-mathcloze"}
        rows = [
            {
                "passage": f"A text about {subset}. " if i % 2 else None,
                "question": f"{subset} {i}?",
                "options": None if open_ended else [f"({option}){subset} {i}{option}" for option in "ABCD"],
                "label": None if open_ended else letter(i),
                "answer": str(i) if open_ended else None,
                "other": None,
            }
            for i in _numbers()
        ]
        found[f"AGIEval/data/v1/{subset}.jsonl"] = lines(rows)
    return found


_SEVERAL = {"English_Fill_in_Blanks", "English_Cloze_Test", "English_Reading_Comp", "Geography_MCQs"}


def _gaokao(entry: Entry) -> Files:
    found = {}
    for subset in entry.parts:
        count = 5 if subset.endswith("Cloze_Test") else 2 if any(subset.endswith(name) for name in _SEVERAL) else 1
        rows = [
            {
                "year": "2020",
                "category": "made up",
                "question": f"{subset} {i}?",
                "answer": [letter(i + j) for j in range(count)],
                "analysis": "none",
                "index": i,
                "score": 5 * count,
            }
            for i in _numbers()
        ]
        content = {"keywords": subset, "example": rows}
        found[f"GAOKAO-BENCH/data/Multiple-choice_Questions/{subset}.json"] = json.dumps(content, ensure_ascii=False)
    return found


def _bbh(entry: Entry) -> Files:
    found = {}
    for subset in entry.parts:
        rows = [{"input": f"{subset} {i}?\n(A) a\n(B) b", "target": f"({'AB'[i % 2]})"} for i in _numbers()]
        found[f"BBH/data/{subset}.json"] = json.dumps({"canary": "", "examples": rows})
    return found


def _cmb(_: Entry) -> Files:
    rows = [
        {
            "exam_type": "医师考试",
            "exam_class": "执业医师",
            "exam_subject": "内科",
            "question": f"第{i}题？",
            "answer": letter(i),
            "question_type": "单项选择题",
            "option": {option: f"选项{i}{option}" for option in "ABCD"} | {"E": ""},
        }
        for i in _numbers()
    ]
    unsolved = [
        {"id": i, **{key: value for key, value in row.items() if key != "answer"}} for i, row in enumerate(rows)
    ]
    return {"CMB/val.json": json.dumps(rows), "CMB/test.json": json.dumps(unsolved)}


def _piqa(_: Entry) -> Files:
    rows = [{"id": str(i), "goal": f"open jar {i}", "sol1": f"turn {i}", "sol2": f"sing {i}"} for i in _numbers()]
    labels = "".join(f"{i % 2}\n" for i in _numbers())
    texts = {"jsonl": lines(rows), "labels": labels}
    return {
        f"piqa/{split}{end}": texts[kind]
        for split in ("train", "dev")
        for end, kind in ((".jsonl", "jsonl"), ("-labels.lst", "labels"))
    }


def _siqa(_: Entry) -> Files:
    rows = [
        {
            "context": f"Kim met {i} friends.",
            "question": "How does Kim feel?",
            "answerA": f"glad {i}",
            "answerB": f"blue {i}",
            "answerC": f"tired {i}",
        }
        for i in _numbers()
    ]
    labels = "".join(f"{i % 3 + 1}\n" for i in _numbers())
    texts = {"jsonl": lines(rows), "labels": labels}
    return {
        f"siqa/{split}{end}": texts[kind]
        for split in ("train", "dev")
        for end, kind in ((".jsonl", "jsonl"), ("-labels.lst", "labels"))
    }


def _hellaswag(_: Entry) -> Files:
    rows = [
        {"query": f"Cooking: She takes pan {i}", "choices": [f"and cooks {i}{j}." for j in range(4)], "gold": i % 4}
        for i in _numbers()
    ]
    return {"hellaswag/hellaswag.jsonl": lines(rows)}


def _winogrande(_: Entry) -> Files:
    rows = [
        {
            "qID": f"q{i}",
            "sentence": f"The box did not fit the bag {i} because the _ was big.",
            "option1": "box",
            "option2": "bag",
            "answer": str(i % 2 + 1),
        }
        for i in _numbers()
    ]
    return {"winogrande/dev.jsonl": lines(rows)}


def _race(entry: Entry) -> Files:
    found = {}
    for subset in entry.parts:
        rows = [
            {
                "example_id": f"{subset}{i}.txt",
                "article": f"A {subset} story {i}.",
                "answer": letter(i),
                "question": "What is it about?",
                "options": [f"thing {i}{option}" for option in "ABCD"],
            }
            for i in _numbers()
        ]
        for split in ("validation", "test"):
            found[f"race/{split}/{subset}.jsonl"] = lines(rows)
    return found


def _obqa(_: Entry) -> Files:
    rows = [
        {
            "id": f"7-{i}",
            "question": {
                "stem": f"The sun {i} is",
                "choices": [{"text": f"star {i}{option}", "label": option} for option in "ABCD"],
            },
            "answerKey": letter(i),
        }
        for i in _numbers()
    ]
    more = {"fact1": "the sun is a star", "humanScore": "1.00", "clarity": "1.60", "turkIdAnonymized": "x"}
    return {
        "openbookqa/Main/test.jsonl": lines(rows),
        "openbookqa/Additional/test_complete.jsonl": lines({**row, **more} for row in rows),
    }


def _storycloze(_: Entry) -> Files:
    rows = [
        {
            "story_id": f"s{i}",
            **{f"input_sentence_{j}": f"Sentence {j} of {i}." for j in range(1, 5)},
            "sentence_quiz1": "It ends well.",
            "sentence_quiz2": "It rains.",
            "answer_right_ending": i % 2 + 1,
        }
        for i in range(ROWS // 2)
    ]
    return {"xstory_cloze/en_train.jsonl": lines(rows), "xstory_cloze/en_eval.jsonl": lines(rows)}


def _strategyqa(_: Entry) -> Files:
    rows = [
        {
            "qid": f"q{i}",
            "term": "thing",
            "description": "a thing",
            "question": f"Is {i} odd?",
            "answer": bool(i % 2),
            "facts": ["one"],
            "decomposition": ["two"],
            "evidence": [],
        }
        for i in _numbers()
    ]
    return {"strategyqa/strategyQA_train.json": json.dumps(rows)}


def _summedits(_: Entry) -> Files:
    rows = [
        {
            "domain": "news",
            "id": f"n{i}",
            "doc": f"Rain fell on day {i}.",
            "summary": f"It rained {i}.",
            "label": i % 2,
            "seed_summary": "It rained.",
            "edit_types": [],
        }
        for i in _numbers()
    ]
    return {"summedits/summedits.jsonl": lines(rows)}


def _lambada(_: Entry) -> Files:
    rows = [{"prompt": f"He looked at the old {i} and fed the", "label": "dog"} for i in _numbers()]
    return {"lambada/test.jsonl": lines(rows)}


def _nq(_: Entry) -> Files:
    text = table(([f"who wrote book {i}", repr([f"Author {i}"])] for i in _numbers()), "\t")
    return {"nq/nq-dev.qa.csv": text, "nq/nq-test.qa.csv": text}


def _triviaqa(_: Entry) -> Files:
    text = table(([f"Which town is number {i}?", repr([f"Town {i}", f"town{i}"])] for i in _numbers()), "\t")
    return {"triviaqa/trivia-dev.qa.csv": text, "triviaqa/trivia-test.qa.csv": text}


def _lcsts(_: Entry) -> Files:
    return {
        "LCSTS/test.src.txt": "".join(f"今天第{i}号城市下了大雨，交通很慢。\n" for i in _numbers()),
        "LCSTS/test.tgt.txt": "".join(f"第{i}号城市大雨\n" for i in _numbers()),
    }


def _xsum(_: Entry) -> Files:
    rows = [{"dialogue": f"Rain fell on town {i} all day.", "summary": f"Town {i} had rain."} for i in _numbers()]
    return {"Xsum/dev.jsonl": lines(rows)}


def _humaneval(_: Entry) -> Files:
    rows = [
        {
            "task_id": f"HumanEval/{i}",
            "prompt": f"def made_up_{i}(x: int, y: int):\n",
            "entry_point": f"made_up_{i}",
            "canonical_solution": "    return x + y\n",
            "test": "def check(candidate):\n    assert candidate(1, 2) == 3\n",
        }
        for i in range(PROBLEMS)
    ]
    return {"humaneval/human-eval-v2-20210705.jsonl": lines(rows)}


def _mbpp(_: Entry) -> Files:
    rows = [
        {
            "text": f"Write a function that adds {i}.",
            "code": f"def add_{i}(x):\n    return x + {i}",
            "task_id": i + 1,
            "test_setup_code": "",
            "test_list": [f"assert add_{i}({j}) == {i + j}" for j in range(3)],
            "challenge_test_list": [],
        }
        for i in range(FIRST_TEST_OF_MBPP + ROWS)
    ]
    return {"mbpp/mbpp.jsonl": lines(rows)}


def _mgsm(entry: Entry) -> Files:
    rows = lines({"question": f"{i} + {i}?", "answer": str(2 * i)} for i in _numbers())
    return {f"P-MMEval/mgsm/test/{subset}.jsonl": rows for subset in entry.parts}


def _labelled(
    row: Callable[[int], dict[str, Any]], labels: tuple[object, ...], number: str = "idx"
) -> Callable[[Entry], Files]:
    """Return a writer of one kind of row with a label, into every file of the data set; `number` is its column."""

    def write(entry: Entry) -> Files:
        count = (lambda i: {number: i}) if number else (lambda _: {})
        rows = [{**count(i), **row(i), "label": labels[i % len(labels)]} for i in _numbers()]
        return dict.fromkeys(entry.files, lines(rows))

    return write


_TRUTH = ("true", "false")
_ENTAILS = ("entailment", "not_entailment")
_CHINESE = ("entailment", "contradiction", "neutral")
_NEWS = ("news_agriculture", "news_travel", "news_game", "news_tech", "news_sports", "news_edu")


def _wsc(i: int) -> dict[str, Any]:
    text = f"Mark told Pete {i} lies about himself and he was sad"
    target = {"span1_index": 0, "span1_text": "Mark", "span2_index": 8, "span2_text": "he"}
    return {"target": target, "text": text}


def _cluewsc(i: int) -> dict[str, Any]:
    target = {"span1_index": 0, "span1_text": "小明", "span2_index": 7, "span2_text": "他"}
    return {"target": target, "text": f"小明对小红说了{i}他很累"}


def _multirc(entry: Entry) -> Files:
    rows = []
    for i in range(ROWS // 2):
        answers = [{"text": f"yes {i}", "idx": 0, "label": 1}, {"text": f"no {i}", "idx": 1, "label": 0}]
        question = {"question": f"What of {i}?", "answers": answers, "idx": 0}
        rows.append({"idx": i, "version": 1.1, "passage": {"text": f"A text {i}.", "questions": [question]}})
    return {entry.files[0]: lines(rows)}


def _record(entry: Entry) -> Files:
    rows = []
    for i in _numbers():
        text = f"Anna {i} met Bob in Rome.\n@highlight\nRome is warm"
        answers = [{"start": 0, "end": 5, "text": f"Anna {i}"}]
        query = {"query": "@placeholder met Bob", "answers": answers, "idx": 0}
        passage = {"text": text, "entities": [{"start": 0, "end": 5}]}
        rows.append({"source": "news", "passage": passage, "qas": [query], "idx": i})
    return {entry.files[0]: lines(rows)}


def _c3(entry: Entry) -> Files:
    rows = []
    for i in _numbers():
        choices = [f"第{i}{option}" for option in "甲乙丙"]
        question = {"question": f"谁来了{i}？", "choice": choices, "answer": choices[i % 3]}
        rows.append([[f"男：我是{i}。", "女：你好。"], [question], f"m1-{i}"])
    return {entry.files[0]: json.dumps(rows, ensure_ascii=False)}


def _squad(entry: Entry) -> Files:
    paragraphs = []
    for i in _numbers():
        answer = {"text": f"城市{i}", "answer_start": 3, "id": "1"}
        question = {"question": f"他住在哪里{i}？", "id": f"Q{i}", "answers": [answer]}
        paragraphs.append({"context": f"他住在城市{i}。", "id": f"P{i}", "qas": [question]})
    content = {"version": "v1.0", "data": [{"title": "x", "id": "x", "paragraphs": paragraphs}]}
    return {entry.files[0]: json.dumps(content, ensure_ascii=False)}


def _chid(entry: Entry) -> Files:
    idioms = ["一心一意", "三心二意", "五颜六色", "七上八下", "九牛一毛", "十全十美", "百发百中"]
    rows = [
        {"id": i, "candidates": idioms, "content": f"他第{i}次#idiom#地做事。", "answer": i % 7} for i in _numbers()
    ]
    return dict.fromkeys(entry.files, lines(rows))


def _pair(i: int) -> dict[str, Any]:
    return {"sentence1": f"Rain fell {i}.", "sentence2": f"It was wet {i}."}


def _chinese_pair(i: int) -> dict[str, Any]:
    return {"sentence1": f"如何还款{i}", "sentence2": f"怎么还款{i}"}


def _ocnli(i: int) -> dict[str, Any]:
    votes = {f"label{j}": "neutral" for j in range(5)}
    return {"level": "medium", **_chinese_pair(i), **votes, "genre": "lit", "prem_id": f"lit_{i}"}


def _news(entry: Entry) -> Files:
    rows = [
        {
            "label": str(100 + i),
            "label_desc": _NEWS[i % len(_NEWS)],
            "sentence": f"第{i}条新闻",
            "keywords": "新闻",
            "id": i,
        }
        for i in _numbers()
    ]
    return dict.fromkeys(entry.files, lines(rows))


WRITERS: Mapping[str, Callable[[Entry], Files]] = {
    "ARC_c": _arc,
    "ARC_e": _arc,
    "AX_b": _labelled(lambda i: {**_pair(i), "logic": ""}, _ENTAILS),
    "AX_g": _labelled(lambda i: {"premise": f"Ann {i} runs.", "hypothesis": f"She moves {i}."}, _ENTAILS),
    "BoolQ": _labelled(lambda i: {"question": f"is {i} odd", "passage": f"Numbers -- {i} is a number."}, _TRUTH),
    "C3": _c3,
    "CB": _labelled(
        lambda i: {"premise": f"I think {i} is odd.", "hypothesis": f"{i} is odd"},
        ("contradiction", "entailment", "neutral"),
    ),
    "CMRC": _squad,
    "COPA": _labelled(
        lambda i: {
            "premise": f"The glass {i} fell.",
            "choice1": f"It broke {i}.",
            "choice2": f"It sang {i}.",
            "question": ("effect", "cause")[i % 2],
        },
        (0, 1),
    ),
    "DRCD": _squad,
    "GaokaoBench": _gaokao,
    "MultiRC": _multirc,
    "RTE": _labelled(lambda i: {"premise": f"Ann {i} runs.", "hypothesis": f"She moves {i}."}, _ENTAILS),
    "ReCoRD": _record,
    "WSC": _labelled(_wsc, _TRUTH),
    "WiC": _labelled(
        lambda i: {
            "word": "bank",
            "sentence1": f"The bank {i} is open.",
            "sentence2": f"The river bank {i} is wet.",
            "start1": 4,
            "end1": 8,
            "start2": 10,
            "end2": 14,
            "version": 1.1,
        },
        _TRUTH,
    ),
    "Xsum": _xsum,
    "afqmc": _labelled(_chinese_pair, ("0", "1"), ""),
    "agieval": _agieval,
    "bbh": _bbh,
    "bustm": _labelled(_chinese_pair, ("0", "1"), "id"),
    "ceval": _ceval,
    "chid": _chid,
    "cluewsc": _labelled(_cluewsc, _TRUTH),
    "cmb": _cmb,
    "cmmlu": _cmmlu,
    "cmnli": _labelled(_chinese_pair, _CHINESE, ""),
    "csl": _labelled(lambda i: {"abst": f"本文研究第{i}个问题。", "keyword": ["问题", f"研究{i}"]}, ("0", "1"), "id"),
    "eprstmt": _labelled(lambda i: {"sentence": f"这本书很好{i}"}, ("Positive", "Negative"), "id"),
    "gsm8k": _gsm8k,
    "hellaswag": _hellaswag,
    "humaneval": _humaneval,
    "lambada": _lambada,
    "lcsts": _lcsts,
    "math": _math,
    "mbpp": _mbpp,
    "mgsm": _mgsm,
    "mmlu": _mmlu,
    "nq": _nq,
    "obqa": _obqa,
    "ocnli": _labelled(_ocnli, _CHINESE, "id"),
    "ocnli_fc": _labelled(_ocnli, _CHINESE, "id"),
    "piqa": _piqa,
    "race": _race,
    "siqa": _siqa,
    "storycloze": _storycloze,
    "strategyqa": _strategyqa,
    "summedits": _summedits,
    "tnews": _news,
    "triviaqa": _triviaqa,
    "winogrande": _winogrande,
}
