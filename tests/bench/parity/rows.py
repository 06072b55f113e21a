"""Made-up rows in the columns of published benchmarks, as untidy as these are, for the comparison with lm-eval."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

Row = dict[str, Any]

_WHO = ("A student", "Dr. Ibáñez", "The farmer's son", "Maria", "An engineer", "Nobody in the 2nd class", "Zoë")
_DID = (
    "heats 250 mL of water", "plants beans in dry soil", "mixes salt and sand", "drops a 2-kg ball", "turns the key",
    "measures the wind's speed", "sells 12.5% of the shares", "cuts the red wire", "bakes bread at 180 °C",
    "writes to the “Times”", "reads about the moon's orbit", "closes the lid",
)  # fmt: skip
_WHY = (
    "because it rains", "in order to save energy", "until nothing is left", "so that friction grows",
    "while the others wait", "as the law of 1871 demands", "although the result is known", "before the sun sets",
)  # fmt: skip
_WHAT = (
    "Which of these is the most likely result?", "What should be done first?", "Why does this happen?",
    "Which property changes?", "Under U.S. law, is this allowed?", "Which part of the body is used (if any)?",
)  # fmt: skip


class _Writer:
    """Draws sentences and options from a seed; `tidy`: no marks, and no blanks at a text's end."""

    def __init__(self, seed: str, *, tidy: bool) -> None:
        self.random = random.Random(seed)
        self.tidy = tidy

    def clause(self) -> str:
        """Return what somebody does, without a full stop."""
        who, did, why = (self.random.choice(texts) for texts in (_WHO, _DID, _WHY))
        return f"{who} {did} {why}" if self.random.random() < 0.7 else f"{who} {did}"

    def question(self) -> str:
        """Return a short story and a question about it; some hold two blanks in a row, few end in one."""
        gap = self.random.choice((" ", " ", " ", "  "))
        end = " " if self.random.random() < 0.1 and not self.tidy else ""
        return f"{self.clause()}.{gap}{self.random.choice(_WHAT)}{end}"

    def options(self, count: int) -> list[str]:
        """Return so many texts, no two alike."""
        found: dict[str, None] = {}
        while len(found) < count:
            why = self.random.choice(_WHY).removeprefix("because ")
            found[self.random.choice((self.clause(), why, f"{self.random.randint(2, 900)} {why}"))] = None
        return list(found)


def _arc(write: _Writer) -> Row:
    count = write.random.choice((3, 4, 4, 4, 5))
    labels = list("12345" if write.random.random() < 0.2 else "ABCDE")[:count]
    choices = {"text": write.options(count), "label": labels}
    name = f"Made_{write.random.getrandbits(40):x}"
    return {"id": name, "question": write.question(), "choices": choices, "answerKey": write.random.choice(labels)}


def _hellaswag(write: _Writer) -> Row:
    marked = write.random.random() < 0.5 and not write.tidy
    endings = [f"{text}." for text in write.options(4)]
    if marked:
        endings = [f"[substeps] {text} [title] Go on [step] {text}" for text in endings]
    mark = "[header] How to do it [title] " if marked else ""
    return {
        "activity_label": write.random.choice(("Baking", "Home and Garden", "Removing ice from car")),
        "ctx_a": f"{mark}{write.clause()}.",
        "ctx_b": write.random.choice(("she", "the man", "then")),
        "endings": endings,
        "label": str(write.random.randrange(4)),
    }


def _piqa(write: _Writer) -> Row:
    first, second = write.options(2)
    goal = f"How do I know that {write.clause()}?"
    return {"goal": goal, "sol1": first, "sol2": f"{second}.", "label": write.random.randrange(2)}


def _winogrande(write: _Writer) -> Row:
    one, other = write.random.sample(("Ann", "Ben", "the trophy", "the suitcase", "Kyle's mother"), 2)
    why = write.random.choice(("was too large", "had been there before", "didn't know 'why'"))
    sentence = f"{write.clause()}, said {one} to {other}, because _ {why}."
    return {"sentence": sentence, "option1": one, "option2": other, "answer": write.random.choice("12")}


def _mmlu(write: _Writer) -> Row:
    options, right = write.options(4), write.random.randrange(4)
    return {"question": write.question(), "subject": "anatomy", "choices": options, "answer": right}


def _obqa(write: _Writer) -> Row:
    choices = {"text": write.options(4), "label": list("ABCD")}
    stem = f"{write.clause()}, and so"
    name = f"7-{write.random.getrandbits(20)}"
    return {"id": name, "question_stem": stem, "choices": choices, "answerKey": write.random.choice("ABCD")}


MAKERS: Mapping[str, Callable[[_Writer], Row]] = {
    "arc": _arc,
    "hellaswag": _hellaswag,
    "piqa": _piqa,
    "winogrande": _winogrande,
    "mmlu": _mmlu,
    "obqa": _obqa,
}


def rows(benchmark: str, seed: str, count: int, *, tidy: bool = False) -> list[Row]:
    """Return `count` rows of a benchmark; the same every time.

    `tidy`: without what Native and lm-eval are known to write differently. Examples are, so that a row's own text
    decides whether its prompt is the same.
    """
    write = _Writer(f"{benchmark} {seed}", tidy=tidy)
    return [MAKERS[benchmark](write) for _ in range(count)]
