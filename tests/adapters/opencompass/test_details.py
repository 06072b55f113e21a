"""The five shapes of `details`, each as OpenCompass wrote it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.opencompass.details import Verdict, is_right, share_right, verdicts
from adapters.opencompass.figures import Figure
from adapters.opencompass.output import PartOutput
from tests.adapters.opencompass.cases import RECORDED


def details(case: str, model: str, name: str) -> Any:
    file = RECORDED / case / "output" / "opencompass" / "results" / model / f"{name}.json"
    return json.loads(file.read_text())["details"]


def test_generated_letters_are_compared() -> None:
    found = verdicts(details("endpoint", "mock", "ARC-c"))

    assert set(found) == {"0", "1", "2", "3"}
    assert found["0"].correct is None
    assert [is_right(verdict) for verdict in found.values()] == [
        verdict.answer == verdict.gold for verdict in found.values()
    ]


def test_evaluators_that_look_closer_say_what_is_right() -> None:
    found = verdicts(details("endpoint", "mock", "gsm8k"))

    assert {verdict.correct for verdict in found.values()} == {True, False}
    assert all(verdict.correct == (verdict.answer == verdict.gold) for verdict in found.values())


def test_those_with_names_of_their_own_are_read() -> None:
    found = verdicts(details("endpoint", "mock", "lukaemon_mmlu_anatomy"))

    assert [verdict.gold for verdict in found.values()] == ["A", "B", "C", "D"]
    assert all(isinstance(verdict.correct, bool) for verdict in found.values())


def test_compared_options_are_read() -> None:
    found = verdicts(details("continuation", "tiny", "ARC-c"))

    assert len(found) == 4
    assert all(verdict.correct is (verdict.answer == verdict.gold) for verdict in found.values())


def test_programs_are_read_by_their_outcome() -> None:
    found = verdicts(details("endpoint", "mock", "mbpp"))

    assert {(verdict.answer, verdict.correct) for verdict in found.values()} <= {("pass", True), ("failed", False)}


def test_humaneval_is_read() -> None:
    entry = {"task_id": "HumanEval/0", "completion": "x", "result": "passed", "passed": True, "is_correct": True}

    assert verdicts({"0": entry}) == {"0": Verdict("passed", None, True)}


def test_a_list_is_numbered() -> None:
    assert verdicts([{"pred": "1", "answer": "1", "correct": True}])["0"].correct is True


@pytest.mark.parametrize("details", [None, "text", 5, {"type": "GEN"}, [1, 2], {"easy": {"correct": True}}])
def test_another_shape_says_nothing(details: object) -> None:
    assert verdicts(details) == {}


def part(planned: int = 2, evaluator: str = "AccEvaluator") -> PartOutput:
    return PartOutput("x", "x", None, {"planned": planned}, (evaluator,))


RIGHT, WRONG, UNKNOWN = Verdict(correct=True), Verdict(correct=False), Verdict("a")
HALF = Figure("accuracy", "50.0", "percent", 100.0, True)


def test_a_share_needs_a_word_on_every_sample() -> None:
    assert share_right({"0": RIGHT, "1": WRONG}, part(), HALF) == 0.5
    assert share_right({"0": RIGHT, "1": WRONG}, part(3), HALF) is None
    assert share_right({"0": RIGHT, "1": UNKNOWN}, part(), HALF) is None
    assert share_right({}, part(0), HALF) is None


def test_a_share_that_was_rounded_adds_up() -> None:
    third = HALF._replace(literal="33.33")

    assert share_right({"0": RIGHT, "1": WRONG, "2": WRONG}, part(3, "PMMEvalMGSMEvaluator"), third) == 1 / 3
    assert share_right({"0": RIGHT, "1": WRONG, "2": WRONG}, part(3), HALF._replace(literal="33.30")) is None


def test_a_share_must_add_up_to_the_headline() -> None:
    assert share_right({"0": RIGHT, "1": RIGHT}, part(), HALF) is None
    assert share_right({"0": RIGHT, "1": WRONG}, part(), HALF._replace(maximum=None)) is None


@pytest.mark.parametrize("evaluator", ["RougeEvaluator", "GaokaoBenchEvaluator_multi_choice", "MyOwnEvaluator"])
def test_a_number_that_only_looks_like_a_share_is_none(evaluator: str) -> None:
    assert share_right({"0": RIGHT, "1": WRONG}, part(evaluator=evaluator), HALF) is None
