"""Answer from the gold of a task's own data: right, but for a stated share that is wrong in plausible ways."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from hub.adapter import Gold
from hub.mock import draw
from hub.mock.answers import UNKNOWN, Asked, Belief, Called, Said
from hub.mock.table import TextTable


class Share(NamedTuple):
    """How many questions a group has, and how many are answered wrongly."""

    group: str
    total: int
    wrong: int


@dataclass(frozen=True)
class _Decided:
    """One form of a question, and whether the mock errs on it."""

    gold: Gold
    errs: bool
    pick: int

    def said(self, asked: Asked | None = None) -> Said:
        """Return the answer; where it is drawn anew, `asked` says whether it is wrong, and which one it then is."""
        if asked and asked.errs is not None and asked.number is not None:
            return replace(self, errs=asked.errs, pick=asked.number).said()
        gold = self.gold
        if not (self.errs and gold.wrong):
            return Said(gold.right, "right", gold.wrong)
        place = self.pick % len(gold.wrong)
        others = (gold.right, *gold.wrong[:place], *gold.wrong[place + 1 :])
        return Said(gold.wrong[place], "wrong", others)

    def called(self, asked: Asked, results: int) -> Called:
        """Return what is called after so many results: first what the answer needs, then the answer itself."""
        if results < len(self.gold.calls):
            return Called(*self.gold.calls[results])
        said = self.said(asked)
        return Called(self.gold.answered_by, said.text, said.note)


def _texts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(text.strip() for text in texts)


def _first(entries: Iterable[tuple[Sequence[str], _Decided]]) -> dict[tuple[str, ...], _Decided]:
    """Return what is known by texts, without white space at their ends; of equal ones the first counts."""
    found: dict[tuple[str, ...], _Decided] = {}
    for texts, entry in entries:
        if texts:
            found.setdefault(_texts(texts), entry)
    return found


class GoldAnswers:
    """Knows every question of a task; errs on the stated share of each group, whatever the order of requests."""

    def __init__(self, golds: Iterable[Gold], *, error_rate: float, seed: int) -> None:
        """Decide on every question; of equal prompts the first counts."""
        known = tuple(golds)
        erring = _erring(known, error_rate, seed)
        decided = [
            _Decided(gold, (gold.group, gold.id) in erring, draw.number(seed, "wrong", gold.group, gold.id))
            for gold in known
        ]
        totals = Counter(group for group, _ in {(gold.group, gold.id) for gold in known})
        wrong = Counter(group for group, _ in erring)
        self.unknown = UNKNOWN
        self.groups = tuple(Share(group, total, wrong[group]) for group, total in sorted(totals.items()))
        self._prompts = TextTable((entry.gold.prompt, entry) for entry in decided)
        self._questions = TextTable((entry.gold.question, entry) for entry in decided)
        self._conversations = _first((entry.gold.conversation, entry) for entry in decided)
        self._called = _first(((entry.gold.prompt,), entry) for entry in decided if entry.gold.answered_by)

    def say(self, asked: Asked) -> Said:
        """Return the answer; unless it is to be drawn anew the same for each of `n`, as at temperature 0."""
        whole = self._conversations.get(_texts(turn.text for turn in asked.turns))
        found = whole or self._prompts.find(asked.text) or self._questions.find(asked.text)
        return found.said(asked) if found else Said(UNKNOWN, "unmatched")

    def call(self, asked: Asked) -> Called | None:
        """Return what is called next in a conversation that a question begins which functions answer."""
        for place, turn in enumerate(asked.turns):
            found = self._called.get(_texts((turn.text,))) if turn.role == "user" else None
            if found:
                results = sum(later.role in {"tool", "function"} for later in asked.turns[place:])
                called = found.called(asked, results)
                return called if called.name in asked.functions else None
        return None

    def judge(self, prompt: str) -> Belief | None:
        """Return whether the answer at the end of a prompt (`... Answer: B`) is the one that the mock would give."""
        found = self._prompts.last(prompt)
        if found is None:
            return None
        end, decided = found
        given, own = prompt[end:].split(), decided.said().text.split()
        # By words, from the end: something like `Answer:` may stand between a bare question and its answer.
        return Belief(end, given[-len(own) :] == own)


def _erring(golds: Sequence[Gold], error_rate: float, seed: int) -> set[tuple[str, str]]:
    """Return group and id of the questions that are answered wrongly: the exact share of each group, rounded."""
    groups: dict[str, dict[str, None]] = defaultdict(dict)
    for gold in golds:
        groups[gold.group][gold.id] = None
    return {(group, name) for group, ids in groups.items() for name in _drawn(group, ids, error_rate, seed)}


def _drawn(group: str, ids: Iterable[str], error_rate: float, seed: int) -> list[str]:
    ranked = sorted(ids, key=lambda name: draw.digest(seed, "errs", group, name))
    return ranked[: round(error_rate * len(ranked))]
