"""What is read out of OpenCompass's configurations, on configurations made up."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.opencompass.runner.listing import facts
from adapters.opencompass.runner.protocol import class_name


def config(abbr: str = "a", **infer: Any) -> dict[str, Any]:
    asked = {"inferencer": {"type": "opencompass.openicl.GenInferencer"}, **infer}
    return {"abbr": abbr, "infer_cfg": asked, "eval_cfg": {"evaluator": {"type": "opencompass.x.AccEvaluator"}}}


def prompt(text: str) -> dict[str, Any]:
    return {"prompt_template": {"template": {"round": [{"role": "HUMAN", "prompt": text}]}}}


def test_parts_who_asks_and_who_scores_are_told() -> None:
    assert facts([config("a", **prompt("{question}")), config("b")]) == {
        "few_shot": 0,
        "inferencers": ["GenInferencer"],
        "evaluators": ["AccEvaluator"],
        "parts": ["a", "b"],
    }


def test_examples_that_a_retriever_takes_are_counted() -> None:
    assert facts([config(retriever={"fix_id_list": [0, 1, 2]})])["few_shot"] == 3


def test_examples_that_are_part_of_the_text_are_not() -> None:
    assert facts([config(**prompt("Question: 1 + 1? Answer: 2. " * 40))])["few_shot"] is None


def test_parts_with_different_numbers_have_none_together() -> None:
    assert facts([config(), config("b", retriever={"fix_id_list": [0]})])["few_shot"] is None


@pytest.mark.parametrize(("kind", "name"), [("a.b.C", "C"), ("C", "C"), (dict, "dict"), (None, "")])
def test_a_class_is_known_by_its_name(kind: object, name: str) -> None:
    assert class_name(kind) == name
