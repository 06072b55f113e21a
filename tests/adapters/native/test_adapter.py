"""What Native cannot take is refused before anything starts, with its place in the task and a way out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.native import adapter
from adapters.native.adapter import ADAPTER
from adapters.native.catalog import benchmarks
from tests.adapters.native.native_task import ENDPOINT, WEIGHTS, evaluation, request

OWN = Path("/home/u/own.csv")


def test_every_benchmark_is_listed() -> None:
    infos = ADAPTER.datasets()

    knowledge = {"arc", "ceval", "cmmlu", "gpqa", "mmlu", "mmlu_pro", "race", "simple_qa", "trivia_qa"}
    commonsense = {"boolq", "hellaswag", "obqa", "piqa", "truthful_qa", "winogrande"}
    reasoning = {"bbh", "competition_math", "drop", "gsm8k", "math_500"}
    others = {"general_mcq", "general_qa", "humaneval", "ifeval", "mbpp"}
    assert set(infos) == knowledge | commonsense | reasoning | others
    assert infos["arc"].scoring == ("choice", "continuation", "generate")
    assert (infos["gsm8k"].few_shot, infos["gsm8k"].metric) == (4, "accuracy")
    assert infos["general_qa"].own_data


def test_a_benchmark_that_a_judge_grades_is_listed_with_both_its_metrics() -> None:
    listed = ADAPTER.datasets()

    assert listed["simple_qa"].metric == "accuracy by a judge, else exact_match_squad"
    assert listed["general_qa"].metric == "exact_match"


def test_nothing_is_wrong_with_a_right_task() -> None:
    good = evaluation(
        request("arc", subsets=("ARC-Easy",), few_shot=3, scoring="continuation"),
        request("gsm8k", generation={"temperature": 0.5, "max_tokens": 9, "stop": ["x"], "top_p": 0.9, "seed": 1}),
        request(
            "general_mcq", path=OWN, options={"prompt": "{{ question }} {{ row.a }} {{ options }}", "system": "s"}
        ),
        model=WEIGHTS,
        options={"batch_tokens": 512},
    )

    assert ADAPTER.complain(good) == ()


@pytest.mark.parametrize(
    ("name", "fields", "path", "message"),
    [
        ("arc", {"subsets": ("ARC-easy",)}, ("subsets", 0), "did you mean 'ARC-Easy'?"),
        ("arc", {"few_shot": -1}, ("few_shot",), "0 or more"),
        ("arc", {"limit": 0}, ("limit",), "1 or more"),
        ("arc", {"few_shot": 2, "options": {"split": "train"}}, ("options", "split"), "would give the examples too"),
        ("gsm8k", {"options": {"split": "train"}}, ("options", "split"), "would give the examples too"),
        (
            "general_qa",
            {"few_shot": 2, "path": OWN, "options": {"few_shot_split": "Test"}},
            ("options", "few_shot_split"),
            "would give the examples too",
        ),
        ("general_mcq", {}, ("path",), "measures your own data"),
        ("bbh", {"few_shot": 4}, ("few_shot",), "has 3 worked examples of its own, not 4"),
        ("ifeval", {"few_shot": 1}, ("few_shot",), "has no data for few-shot examples"),
        ("cmmlu", {"options": {"hub": "huggingface"}}, ("options", "hub"), "not at huggingface: use modelscope"),
        ("arc", {"scoring": "chioce"}, ("scoring",), "did you mean 'choice'?"),
        ("gsm8k", {"scoring": "choice"}, ("scoring",), "cannot be scored by 'choice'; known: generate"),
        ("arc", {"options": {"sytem": "x"}}, ("options", "sytem"), "did you mean 'system'?"),
        ("arc", {"options": {"hub": "kaggle"}}, ("options", "hub"), "modelscope"),
        ("arc", {"options": {"split": "tset"}}, ("options", "split"), "did you mean 'test'?"),
        (
            "arc",
            {"options": {"columns": {"qestion": "x"}}},
            ("options", "columns", "qestion"),
            "did you mean 'question'?",
        ),
        ("arc", {"options": {"prompt": "{{ qestion }}"}}, ("options", "prompt"), "did you mean 'question'?"),
        ("arc", {"options": {"prompt": "{% if %}"}}, ("options", "prompt"), "not a valid Jinja template"),
        ("arc", {"options": {"prompt": "hello"}}, ("options", "prompt"), "never uses the question"),
        (
            "general_qa",
            {"path": OWN, "options": {"revision": "v1"}},
            ("options", "revision"),
            "these data are your own",
        ),
        (
            "arc",
            {"path": OWN, "options": {"hub": "modelscope"}},
            ("options", "hub"),
            "these data are your own",
        ),
        ("gsm8k", {"generation": {"temprature": 1}}, ("generation", "temprature"), "did you mean 'temperature'?"),
        ("gsm8k", {"generation": {"temperature": -1}}, ("generation", "temperature"), "greater than or equal to 0"),
        ("gsm8k", {"generation": {"presence_penalty": 1.0}}, ("generation", "presence_penalty"), "does not know"),
    ],
)
def test_complaints(name: str, fields: dict[str, Any], path: tuple[str | int, ...], message: str) -> None:
    (complaint,) = ADAPTER.complain(evaluation(request(name, **fields), model=WEIGHTS))

    assert complaint.path == ("datasets", 0, *path)
    assert message in complaint.message


def test_the_split_of_the_examples_is_free_where_there_are_none() -> None:
    asked = request("gsm8k", few_shot=0, options={"split": "train"})

    assert ADAPTER.complain(evaluation(asked, model=WEIGHTS)) == ()


def test_a_benchmark_without_examples_refuses_shots(monkeypatch: pytest.MonkeyPatch) -> None:
    without = replace(benchmarks()["general_qa"], few_shot_split="")
    monkeypatch.setattr(adapter, "benchmarks", lambda: {"general_qa": without})

    (complaint,) = ADAPTER.complain(evaluation(request("general_qa", few_shot=2, path=OWN), model=WEIGHTS))

    assert complaint.path == ("datasets", 0, "few_shot")
    assert "no data for few-shot examples" in complaint.message


@pytest.mark.parametrize("way", ["choice", "continuation"])
def test_an_endpoint_may_be_asked_for_likelihoods(way: str) -> None:
    assert ADAPTER.complain(evaluation(request("arc", scoring=way), model=ENDPOINT)) == ()


def test_an_endpoint_takes_penalties() -> None:
    asked = request("gsm8k", generation={"presence_penalty": 1.0})

    assert ADAPTER.complain(evaluation(asked, model=ENDPOINT)) == ()


def test_a_vision_model_and_an_unknown_option_are_refused() -> None:
    vision = replace(ENDPOINT, modality="vision")
    complaints = ADAPTER.complain(evaluation(request("gsm8k"), model=vision, options={"batch": 1}))

    assert [complaint.path for complaint in complaints] == [("models",), ("options", "batch")]


def test_all_problems_are_reported_at_once() -> None:
    bad = request("arc", few_shot=-1, scoring="x", options={"a": 1, "b": 2})

    assert len(ADAPTER.complain(evaluation(request("gsm8k"), bad, model=WEIGHTS))) == 4


def test_the_command_is_the_runner() -> None:
    assert ADAPTER.command(evaluation(request("arc"))) == ("python", "-m", "adapters.native.runner")
