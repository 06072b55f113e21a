"""What the mock says: an echo, a fixed text, words drawn from a seed, or what a file tells."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from hub.mock import draw
from hub.mock.table import TextTable
from hub.mock.table_file import read_rules, read_table
from hub.mock.verdicts import verdict

UNKNOWN = "I do not know."
_SYLLABLES = ("ba", "co", "da", "fi", "ga", "ko", "lu", "ma", "ne", "pi", "ro", "sa", "te", "vo", "wi", "zu")


class Turn(NamedTuple):
    """One turn of a conversation: who speaks, and its text."""

    role: str
    text: str


@dataclass(frozen=True)
class Asked:
    """What an answer may depend on.

    Attributes:
        text: the last turn's text, or the prompt.
        images: what the last turn's images are, in words.
        seed: the request's own.
        index: which of the `n` answers this one is.
        number: of the answer, where each is to be another; None: the same request has the same answer.
        errs: whether the answer is to be wrong; None: as those who answer decide.
        turns: of the conversation, all of them.
        functions: the names of those that may be called.
    """

    text: str
    images: tuple[str, ...] = ()
    seed: int | None = None
    index: int = 0
    number: int | None = None
    errs: bool | None = None
    turns: tuple[Turn, ...] = ()
    functions: frozenset[str] = frozenset()


class Said(NamedTuple):
    """An answer.

    `note` says where it comes from (right, wrong, matched, unmatched), for the log and the summary; `others` are
    answers that would have been plausible in its place.
    """

    text: str
    note: str = ""
    others: tuple[str, ...] = ()


class Called(NamedTuple):
    """A function that is called in the place of an answer; `arguments` is JSON, `note` as that of an answer."""

    name: str
    arguments: str
    note: str = "called"


class Belief(NamedTuple):
    """How a prompt that carries its own answer splits: where the answer begins, and whether it is the mock's own."""

    start: int
    agrees: bool


class Answers:
    """Answers by a function of what was asked; has no opinion on answers that others give."""

    def __init__(self, say: Callable[[Asked], Said]) -> None:
        """Keep the function."""
        self._say = say

    def say(self, asked: Asked) -> Said:
        """Return the answer; one that is to be wrong knows nothing."""
        return Said(UNKNOWN, "wrong") if asked.errs else self._say(asked)

    def call(self, asked: Asked) -> Called | None:  # noqa: ARG002 - GoldAnswers knows some
        """Return the function that is called; None: whatever the request's words name."""
        return None

    def judge(self, prompt: str) -> Belief | None:  # noqa: ARG002 - GoldAnswers has one
        """Return what the mock thinks of the answer at the end of a prompt; None: nothing."""
        return None


def parse_answers(text: str) -> Answers:
    """Return the answers that `--answer` names: echo, fixed:TEXT, random:SEED, file:PATH, judge:SEED.

    Raises:
        ValueError: it names none.
        TaskError: the file cannot be read as answers.
    """
    kind, _, rest = text.partition(":")
    match kind:
        case "echo":
            return Answers(echo)
        case "fixed":
            return Answers(lambda _asked: Said(rest))
        case "random":
            return Answers(lambda asked: words(asked, rest))
        case "file":
            return from_file(Path(rest))
        case "judge":
            return Answers(lambda asked: judged(asked, rest))
    raise ValueError(f"--answer {text!r} is none of echo, fixed:TEXT, random:SEED, file:PATH, judge:SEED")


def echo(asked: Asked) -> Said:
    """Return what was asked, images in words."""
    return Said("\n".join((*asked.images, asked.text)) if asked.images else asked.text)


def words(asked: Asked, seed: str) -> Said:
    """Return 4 to 32 words that depend on the seed and on what was asked."""
    source = (seed, asked.text, asked.images, asked.seed, asked.index, asked.number)
    length = 4 + draw.number(*source) % 29
    return Said(" ".join(_word(place, *source) for place in range(length)))


def judged(asked: Asked, seed: str) -> Said:
    """Return a judge's verdict."""
    found = verdict(asked.text, seed, asked.seed, asked.index, asked.number)
    return Said(UNKNOWN, "unmatched") if found is None else Said(found, "judged")


def _word(*source: object) -> str:
    drawn = draw.digest(*source)
    return "".join(_SYLLABLES[byte % len(_SYLLABLES)] for byte in drawn[: 1 + drawn[-1] % 3])


def from_file(path: Path) -> Answers:
    """Return the answers of a file: rules (YAML), or prompts and answers (JSONL, CSV)."""
    if path.suffix.lower() in {".yaml", ".yml"}:
        rules = read_rules(path)
        return Answers(lambda asked: _by_rule(asked.text, rules))
    table = TextTable(read_table(path))
    return Answers(lambda asked: _by_table(asked.text, table))


def _by_rule(text: str, rules: Sequence[tuple[re.Pattern[str], str]]) -> Said:
    for pattern, template in rules:
        match = pattern.search(text)
        if match:
            return Said(match.expand(template), "matched")
    return Said(UNKNOWN, "unmatched")


def _by_table(text: str, table: TextTable[str]) -> Said:
    found = table.find(text)
    return Said(UNKNOWN, "unmatched") if found is None else Said(found, "matched")
