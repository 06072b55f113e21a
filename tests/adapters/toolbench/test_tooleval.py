"""ToolEval's rounds: pass rate, spread, and who is better in more of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from adapters.toolbench.evaluator.ask import Message, Reply
from adapters.toolbench.evaluator.stable.answers import nested
from adapters.toolbench.evaluator.stable.judging import Judge, Status, Verdict
from adapters.toolbench.evaluator.stable.prompts import OWN, filled
from adapters.toolbench.evaluator.stable.tooleval import Judgement, Reference, Round, judged
from adapters.toolbench.evaluator.stable.totals import sum_up

_STATUS: dict[str, Status | None] = {"S": "Solved", "U": "Unsure", "X": "Unsolved", "-": None}


def judgements(*labels: str) -> list[Judgement]:
    """Return a judgement for each query, a letter for each round."""
    return [Judgement(tuple(Round(Verdict(_STATUS[label])) for label in row), compared=False) for row in labels]


@pytest.mark.parametrize(
    ("labels", "sopr", "std"),
    [
        (("SUX", "SSX", "UXS"), 0.5556, 0.2079),
        (("SSS",), 1.0, 0.0),
        (("UUU", "XXX"), 0.25, 0.0),
        (("S-S", "XXX"), 1 / 3, 0.2357),
    ],
)
def test_the_pass_rate_is_the_mean_of_rounds(labels: tuple[str, ...], sopr: float, std: float) -> None:
    found = sum_up([], judgements(*labels), 3)

    assert (found["sopr"]["value"], found["sopr_std"]["value"]) == pytest.approx((sopr, std), abs=1e-4)


def test_without_any_verdict_there_is_no_pass_rate() -> None:
    assert sum_up([], judgements("---"), 3)["sopr"]["absent"] == "the judge never gave a verdict"


class FakeJudge:
    """Says of each answer what its text says, and takes the answer that is longer, or says `nothing`."""

    def __init__(self, says: Callable[[str, str], Mapping[str, Any]] | None = None) -> None:
        self.asked: list[tuple[str, str]] = []
        self.says = says or self.usual

    @staticmethod
    def usual(name: str, text: str) -> Mapping[str, Any]:
        if name == "select_better_answer":
            first, second = text.split("Answer_1:")
            return {"index": int(len(second) > len(first) + 400)}
        return {
            "answer_status": next(status for status in ("Unsure", "Unsolved", "Solved") if status.lower() in text)
        }

    def ask(self, sample: str, messages: list[Message], more: Mapping[str, Any]) -> Reply:
        name = more["tool_choice"]["function"]["name"]
        self.asked.append((name, messages[0]["content"]))
        arguments = json.dumps(self.says(name, messages[0]["content"]))
        return Reply("scored", {"tool_calls": [{"function": {"name": name, "arguments": arguments}}]})


def attempt(final: str, *, finishes: bool = True) -> dict[str, Any]:
    """Return a converted answer."""
    name = "Finish" if finishes else "get_weather"
    steps = [
        {"role": "user", "message": "q"},
        {"role": "tool", "message": {"name": name, "arguments": "", "response": ""}},
    ]
    return {"query": "q", "answer": {"final_answer": final, "answer_details": nested(steps), "total_steps": 2}}


def rule(fake: FakeJudge) -> Judge:
    return Judge(fake, OWN._replace(check="{answer}", parse="{answer}"), 7)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "answer", [attempt("solved", finishes=False), attempt(""), attempt('{"return_type": "give_up_and_restart"}')]
)
def test_what_gives_no_answer_is_unsolved_and_nobody_is_asked(answer: dict[str, Any]) -> None:
    fake = FakeJudge()

    assert judged(rule(fake), "1", answer, 2).score == 0.0
    assert fake.asked == []


def test_an_unsure_verdict_is_looked_at_again_with_the_whole_course() -> None:
    fake = FakeJudge(lambda name, _: {"answer_status": "Unsure" if name == "check_answer_status" else "Solved"})

    found = judged(rule(fake), "1", attempt("x"), 1)

    assert ([name for name, _ in fake.asked], found.score) == (["check_answer_status", "parse_answer_status"], 1.0)
    assert "answer_details" in fake.asked[1][1]


@pytest.mark.parametrize("said", [{}, {"answer_status": "solved"}, {"answer_status": 1}, {"answer_status": None}])
def test_a_verdict_that_is_none_is_asked_for_three_times(said: dict[str, Any]) -> None:
    fake = FakeJudge(lambda *_: said)

    found = judged(rule(fake), "1", attempt("x"), 1)

    assert (len(fake.asked), found.score) == (3, None)
    assert "said nothing usable, 3 times" in found.lost


@pytest.mark.parametrize(
    ("mine", "other", "outcome"),
    [
        ("solved", "unsolved", "win"),
        ("unsolved", "solved", "loss"),
        ("unsure", "unsolved", "win"),
        ("unsure", "solved", "loss"),
    ],
)
def test_an_answer_that_stands_better_alone_wins_in_every_round(mine: str, other: str, outcome: str) -> None:
    """However the two are shuffled: the statuses go with their answers."""
    for sample in map(str, range(20)):
        found = judged(rule(FakeJudge()), sample, attempt(mine), 3, Reference({sample: attempt(other)}))
        assert found.outcome == outcome


@pytest.mark.parametrize(("mine", "outcome"), [("solved " + "x" * 500, "win"), ("solved", "loss")])
def test_of_two_that_stand_alike_the_judge_s_choice_wins_wherever_it_stands(mine: str, outcome: str) -> None:
    other = attempt("solved " + "x" * (500 if outcome == "loss" else 0))
    asked = set()
    for sample in map(str, range(20)):
        fake = FakeJudge(_longer)
        found = judged(rule(fake), sample, attempt(mine), 1, Reference({sample: other}))
        asked.add(fake.asked[-1][1])
        assert found.outcome == outcome
    assert len(asked) == 2  # in either order


def _longer(name: str, text: str) -> dict[str, Any]:
    if name != "select_better_answer":
        return {"answer_status": "Solved"}
    first, second = text.partition("Answer_0:")[2].split("Answer_1:")
    return {"index": int(second.count("x") > first.count("x"))}


def test_a_choice_of_a_third_answer_is_none() -> None:
    fake = FakeJudge(lambda name, _: {"index": 2} if name == "select_better_answer" else {"answer_status": "Solved"})

    found = judged(rule(fake), "1", attempt("a"), 1, Reference({"1": attempt("b")}))

    assert (found.outcome, "said nothing usable" in found.lost) == (None, True)


def test_a_query_that_the_reference_lacks_is_won() -> None:
    assert judged(rule(FakeJudge()), "1", attempt("unsolved"), 1, Reference({})).outcome == "win"


def test_what_is_put_into_a_prompt_is_never_a_placeholder_itself() -> None:
    assert filled("{query}/{answer}", {"query": "{answer}", "answer": "{query}"}) == "{answer}/{query}"
