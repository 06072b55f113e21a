"""Questions with right and wrong answers, for the mock server: of the data sets whose files say both plainly."""

from __future__ import annotations

import ast
import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from adapters.opencompass.contract import Dataset
from adapters.opencompass.translate import task_of, wanted
from hub.adapter import Evaluation, Gold
from hub.errors import PrerequisiteError

_LETTERS = "ABCDE"
_NO_ANSWER = "I do not know."


class Question(NamedTuple):
    """A stretch of the prompt that no other question has, the right answer, plausible wrong ones."""

    text: str
    right: str
    wrong: tuple[str, ...] = (_NO_ANSWER,)


Reader = Callable[[Path, str], Iterator[Question]]


def read_gold(evaluation: Evaluation, data: Mapping[str, Path]) -> Iterator[Gold]:
    """Yield the questions of every data set that READERS knows.

    Raises:
        PrerequisiteError: it knows none of them, or their files cannot be read.
    """
    entries = [wanted(request).entry for request in evaluation.datasets]
    pairs = list(zip(entries, task_of(evaluation).datasets, strict=True))
    known = [(READERS[entry.name], dataset) for entry, dataset in pairs if entry and entry.name in READERS]
    if not known:
        names = ", ".join(dataset.label for _, dataset in pairs)
        message = f"opencompass cannot tell what is right for {names}"
        raise PrerequisiteError(message, hint=f"it can for {', '.join(sorted(READERS))}")
    for reader, dataset in known:
        yield from _of_dataset(reader, dataset, data[dataset.data])


def _of_dataset(reader: Reader, dataset: Dataset, folder: Path) -> Iterator[Gold]:
    inside = folder / "data"
    root = inside if inside.is_dir() else folder
    for part in dataset.parts:
        group = f"{dataset.label}/{part.subset or dataset.label}"
        try:
            for number, one in enumerate(islice(reader(root, part.subset), dataset.limit)):
                yield Gold(group, str(number), one.text, one.text, one.right, one.wrong)
        except (OSError, ValueError, LookupError, TypeError, SyntaxError) as error:
            message = f"{dataset.label}: its data cannot be read: {type(error).__name__}: {error}"
            raise PrerequisiteError(message, hint="a run of the task says which row is broken") from error


def choice(question: str, options: Sequence[str], right: str, *, gap: str = "\n") -> Question:
    """Return a question whose options stand below it, `gap` between; `right` is a letter."""
    lettered = "\n".join(f"{letter}. {option}" for letter, option in zip(_LETTERS, options, strict=False))
    wrong = tuple(letter for letter in _LETTERS[: len(options)] if letter != right)
    return Question(f"{question}{gap}{lettered}", right, wrong)


def _lines(file: Path) -> Iterator[Any]:
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield json.loads(line)


def _table(file: Path, delimiter: str = ",") -> list[list[str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream, delimiter=delimiter))


def _gsm8k(root: Path, _subset: str) -> Iterator[Question]:
    for row in _lines(root / "gsm8k/test.jsonl"):
        number = row["answer"].rpartition("#### ")[2].replace(",", "")
        slip = f"#### {int(number) + 1}" if number.lstrip("-").isdigit() else _NO_ANSWER
        yield Question(row["question"], row["answer"], (slip,))


def _math(root: Path, _subset: str) -> Iterator[Question]:
    for row in json.loads((root / "math/math.json").read_text(encoding="utf-8")).values():
        yield Question(row["problem"], row["solution"])


def _mgsm(root: Path, subset: str) -> Iterator[Question]:
    for row in _lines(root / f"P-MMEval/mgsm/test/{subset}.jsonl"):
        yield Question(row["question"], f"The answer is {row['answer']}")


def _science(file: str) -> Reader:
    """Return the reader of a file as ARC and OpenBookQA have it."""

    def read(root: Path, subset: str) -> Iterator[Question]:
        for row in _lines(root / file.format(_BOOKS.get(subset, ""))):
            options = [option["text"] for option in row["question"]["choices"]]
            if len(options) == 4:  # OpenCompass leaves the others out
                yield choice(row["question"]["stem"], options, row["answerKey"])

    return read


_BOOKS = {"main": "Main/test", "fact": "Additional/test_complete"}


def _mmlu(root: Path, subset: str) -> Iterator[Question]:
    for question, *options, right in _table(root / f"mmlu/test/{subset}_test.csv"):
        yield choice(question, options, right)


def _cmmlu(root: Path, subset: str) -> Iterator[Question]:
    for _, question, *options, right in _table(root / f"cmmlu/test/{subset}.csv")[1:]:
        yield choice(question, options, right)


def _ceval(root: Path, subset: str) -> Iterator[Question]:
    for row in _table(root / f"ceval/formal_ceval/val/{subset}_val.csv")[1:]:
        yield choice(row[1], row[2:6], row[6])


def _race(root: Path, subset: str) -> Iterator[Question]:
    for row in _lines(root / f"race/test/{subset}.jsonl"):
        yield choice(row["question"], row["options"], row["answer"], gap="\n\n")


def _piqa(root: Path, _subset: str) -> Iterator[Question]:
    labels = (root / "piqa/dev-labels.lst").read_text(encoding="utf-8").split()
    for row, label in zip(_lines(root / "piqa/dev.jsonl"), labels, strict=False):
        yield choice(row["goal"], (row["sol1"], row["sol2"]), "AB"[int(label)])


def _siqa(root: Path, _subset: str) -> Iterator[Question]:
    labels = (root / "siqa/dev-labels.lst").read_text(encoding="utf-8").split()
    for row, label in zip(_lines(root / "siqa/dev.jsonl"), labels, strict=False):
        options = [row[f"answer{letter}"] for letter in "ABC"]
        yield choice(f"{row['context']}\nQuestion: {row['question']}", options, "ABC"[int(label) - 1])


def _boolq(root: Path, _subset: str) -> Iterator[Question]:
    for row in _lines(root / "SuperGLUE/BoolQ/val.jsonl"):
        right = "A" if str(row["label"]).lower() == "true" else "B"
        yield choice(f"{row['passage']}\nQuestion: {row['question']}", ("Yes", "No"), right)


def _lambada(root: Path, _subset: str) -> Iterator[Question]:
    for row in _lines(root / "lambada/test.jsonl"):
        yield Question(row["prompt"], row["label"])


def _open_questions(file: str) -> Reader:
    """Return the reader of a file of questions and lists of answers."""

    def read(root: Path, _subset: str) -> Iterator[Question]:
        for question, answers in _table(root / file, "\t"):
            yield Question(f"Q: {question}?", f"The answer is {ast.literal_eval(answers)[0]}")

    return read


READERS: Mapping[str, Reader] = {
    "ARC_c": _science("ARC/ARC-c/ARC-Challenge-Dev.jsonl"),
    "ARC_e": _science("ARC/ARC-e/ARC-Easy-Dev.jsonl"),
    "BoolQ": _boolq,
    "ceval": _ceval,
    "cmmlu": _cmmlu,
    "gsm8k": _gsm8k,
    "lambada": _lambada,
    "math": _math,
    "mgsm": _mgsm,
    "mmlu": _mmlu,
    "nq": _open_questions("nq/nq-test.qa.csv"),
    "obqa": _science("openbookqa/{}.jsonl"),
    "piqa": _piqa,
    "race": _race,
    "siqa": _siqa,
    "triviaqa": _open_questions("triviaqa/trivia-dev.qa.csv"),
}
