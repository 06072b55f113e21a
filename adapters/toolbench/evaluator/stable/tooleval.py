"""ToolEval's rounds over one query: solvable pass rate (SoPR), and win rate over a reference (SoWR).

Guo et al. 2024 (arXiv:2403.07714). A round's score is 1 for Solved, 0.5 for Unsure, 0 for Unsolved. In a comparison,
an answer that is Solved alone wins, else one that is Unsure alone among no Solved; otherwise the judge chooses.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from adapters.toolbench.evaluator.stable.judging import Choice, Judge, Status, Verdict

SCORES: Mapping[Status, float] = {"Solved": 1.0, "Unsure": 0.5, "Unsolved": 0.0}
Outcome = Literal["win", "tie", "loss"]


class Round(NamedTuple):
    """What one round says of a query; `better` None where nothing was compared, or nothing usable was said.

    Attributes:
        verdict: of the candidate's answer; reference: of the other one.
        better: `candidate`, `reference`, or `neither` where both are the same.
    """

    verdict: Verdict
    reference: Verdict | None = None
    better: Literal["candidate", "reference", "neither"] | None = None
    reason: str = ""


class Judgement(NamedTuple):
    """All rounds of a query."""

    rounds: tuple[Round, ...]
    compared: bool

    @property
    def score(self) -> float | None:
        """Return the mean of the rounds that have a verdict; None where none has."""
        found = [SCORES[part.verdict.status] for part in self.rounds if part.verdict.status]
        return sum(found) / len(found) if found else None

    @property
    def complete(self) -> bool:
        """Return whether every round has a verdict of the candidate's answer."""
        return all(part.verdict.status for part in self.rounds)

    @property
    def outcome(self) -> Outcome | None:
        """Return who is better in more rounds; None where nothing was compared, or no round could be."""
        if not self.compared or all(part.better is None for part in self.rounds):
            return None
        points = [part.better for part in self.rounds]
        ahead = points.count("candidate") - points.count("reference")
        return "win" if ahead > 0 else "loss" if ahead < 0 else "tie"

    @property
    def lost(self) -> str:
        """Return why a verdict or a comparison is missing; empty where none is."""
        for part in self.rounds:
            for verdict in (part.verdict, part.reference):
                if verdict is not None and verdict.status is None:
                    return verdict.reason
            if self.compared and part.better is None:
                return part.reason
        return ""


class Reference(NamedTuple):
    """The other answers of a comparison, by query; one without is won. `fingerprint` is that of their file."""

    answers: Mapping[str, Mapping[str, Any]]
    fingerprint: str = ""


def judged(
    judge: Judge, sample: str, answer: Mapping[str, Any], rounds: int, reference: Reference | None = None
) -> Judgement:
    """Judge one query's converted answer, `rounds` times."""
    found = tuple(_round(judge, sample, answer, number, reference) for number in range(rounds))
    return Judgement(found, reference is not None)


def _round(judge: Judge, sample: str, answer: Mapping[str, Any], number: int, reference: Reference | None) -> Round:
    verdict = judge.status(sample, answer, number)
    if reference is None:
        return Round(verdict)
    other = reference.answers.get(sample)
    if other is None:
        return Round(verdict, better="candidate", reason="the reference has no answer")
    if _same(answer, other):
        return Round(verdict, verdict, "neither", "both answers are the same")
    opposed = judge.status(sample, other, number)
    if verdict.status is None or opposed.status is None:
        return Round(verdict, opposed)
    alone = _alone(verdict.status, opposed.status)
    if alone is not None:
        return Round(verdict, opposed, "candidate" if alone == 0 else "reference", "by its status")
    return _chosen(judge, sample, (answer, other), number, (verdict, opposed))


def _alone(mine: Status, other: Status) -> int | None:
    """Return the place of the only one that is Solved, or Unsure where none is Solved."""
    for wanted in ("Solved", "Unsure"):
        if (mine == wanted) != (other == wanted):
            return 0 if mine == wanted else 1
        if mine == wanted:
            return None
    return None


def _chosen(
    judge: Judge,
    sample: str,
    answers: tuple[Mapping[str, Any], Mapping[str, Any]],
    number: int,
    verdicts: tuple[Verdict, Verdict],
) -> Round:
    """Let the judge choose between answers that stand alike; which comes first is drawn, the same in every run."""
    turned = random.Random(f"{judge.seed} {sample} {number}").random() < 0.5  # noqa: S311 - no secret
    shown = answers[::-1] if turned else answers
    choice: Choice = judge.choose(sample, str(answers[0]["query"]), (shown[0], shown[1]), number)
    if choice.place is None:
        return Round(*verdicts, None, choice.reason)
    mine = (choice.place == 0) != turned
    return Round(*verdicts, "candidate" if mine else "reference", choice.reason)


def _same(answer: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    mine, theirs = answer["answer"], other["answer"]
    return bool(all(mine.get(name) == theirs.get(name) for name in ("final_answer", "answer_details")))


def round_scores(judgements: Sequence[Judgement], rounds: int) -> list[float]:
    """Return the score of each round: the mean over the queries that have a verdict in it."""
    scores = []
    for number in range(rounds):
        said = [found.rounds[number].verdict.status for found in judgements]
        known = [SCORES[status] for status in said if status]
        if known:
            scores.append(sum(known) / len(known))
    return scores
