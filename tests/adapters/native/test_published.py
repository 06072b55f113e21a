"""Files, subsets and examples of published data: where they lie, whose rows they are, in which order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.native.catalog import benchmarks
from adapters.native.evaluator.dataset import Subset, load_subsets
from adapters.native.evaluator.errors import DataError
from adapters.native.evaluator.examples import worked_examples
from tests.adapters.native.native_task import dataset, write_jsonl

LETTERS = {"A": "1", "B": "2", "C": "3", "D": "4", "answer": "A"}


def numbered(word: str, count: int) -> list[dict[str, Any]]:
    return [{"question": f"{word} {n}", **LETTERS} for n in range(count)]


def load(name: str, root: Path, *, seed: int = 1, **fields: Any) -> list[Subset]:
    return load_subsets(dataset(name, **fields), root, seed=seed)


def test_where_all_examples_are_wanted_they_stand_in_the_order_of_the_data(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "law/val.jsonl", numbered("test", 1))
    write_jsonl(tmp_path / "law/dev.jsonl", numbered("dev", 5))

    (subset,) = load("ceval", tmp_path, subsets=("law",))

    assert [shot.question for shot in subset.shots] == [f"dev {n}" for n in range(5)]
    assert {shot.topic for shot in subset.shots} == {"\u6cd5\u5b66"}


def test_fewer_are_drawn_by_the_seed(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "law/val.jsonl", numbered("test", 1))
    write_jsonl(tmp_path / "law/dev.jsonl", numbered("dev", 50))
    drawn = [load("ceval", tmp_path, subsets=("law",), seed=seed)[0].shots for seed in (1, 1, 2)]

    assert drawn[0] == drawn[1] != drawn[2]


def test_a_question_that_is_asked_is_no_example_of_itself(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "law/val.jsonl", numbered("both", 3))
    write_jsonl(tmp_path / "law/dev.jsonl", [*numbered("both", 3), *numbered("dev", 5)])

    (subset,) = load("ceval", tmp_path, subsets=("law",))

    assert {shot.question for shot in subset.shots} == {f"dev {n}" for n in range(5)}


def test_published_examples_stay_where_there_are_no_others(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "law/val.jsonl", numbered("both", 3))
    write_jsonl(tmp_path / "law/dev.jsonl", [*numbered("both", 3), *numbered("dev", 2)])

    (subset,) = load("ceval", tmp_path, subsets=("law",))

    assert len(subset.shots) == 5


def test_a_column_says_which_subset_a_row_and_an_example_are_of(tmp_path: Path) -> None:
    rows = [
        {"question": f"{field} {n}", "options": ["1", "2"], "answer": "A", "category": field, "cot_content": "A: So."}
        for n in range(5)
        for field in ("law", "math")
    ]
    write_jsonl(tmp_path / "data/test-00000-of-00001.jsonl", rows[:4])
    write_jsonl(tmp_path / "data/validation-00000-of-00001.jsonl", rows)

    found = load("mmlu_pro", tmp_path, subsets=("math", "law"))

    assert [[item.question for item in subset.items] for subset in found] == [
        ["math 0", "math 1"],
        ["law 0", "law 1"],
    ]
    assert [shot.question for shot in found[1].shots] == [f"law {n}" for n in range(5)]


def test_examples_of_the_benchmark_itself_need_no_split(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "navigate/test.jsonl", [{"input": "q", "target": "Yes"}])

    (whole,) = load("bbh", tmp_path, subsets=("navigate",))
    (one,) = load("bbh", tmp_path, subsets=("navigate",), few_shot=1)

    assert len(whole.shots) == 3
    assert one.shots == whole.shots[:1]
    assert all(shot.reasoning.endswith(f"So the answer is {shot.gold}.") for shot in whole.shots)


@pytest.mark.parametrize("subset", benchmarks()["bbh"].subsets)
def test_every_task_of_big_bench_hard_has_three_worked_examples(subset: str) -> None:
    rows = worked_examples(benchmarks()["bbh"], subset)

    assert len(rows) == 3
    assert all(f"answer is {row.data['target']}" in row.data["reasoning"] for row in rows)


def test_the_order_of_options_hangs_on_the_question_alone(tmp_path: Path) -> None:
    rows = [
        {
            "Question": f"{n}?",
            "Correct Answer": "right",
            **{f"Incorrect Answer {k}": f"wrong {k}" for k in (1, 2, 3)},
        }
        for n in range(40)
    ]
    write_jsonl(tmp_path / "a/gpqa_diamond.jsonl", rows)
    write_jsonl(tmp_path / "b/gpqa_diamond.jsonl", rows[::-1])

    (one,), (other,) = load("gpqa", tmp_path / "a", seed=1), load("gpqa", tmp_path / "b", seed=2)

    assert [item.options for item in one.items] == [item.options for item in other.items[::-1]]
    assert {item.gold for item in one.items} == set("ABCD")
    assert all(dict(item.options)[item.gold] == "right" for item in one.items)


@pytest.mark.parametrize("name", ["validation", "val", "valid"])
def test_names_of_the_same_split_serve_alike(name: str, tmp_path: Path) -> None:
    write_jsonl(tmp_path / f"hellaswag_{name}.jsonl", [{"question": "q", "choices": ["x", "y"], "answer": 0}])

    assert len(load("hellaswag", tmp_path)[0].items) == 1


def test_the_only_data_file_serves_but_no_file_of_another_split(tmp_path: Path) -> None:
    row = {"problem": "q", "answer": "4"}
    write_jsonl(tmp_path / "a/problems.jsonl", [row])
    (tmp_path / "a/dataset_infos.json").write_text(json.dumps({}))
    write_jsonl(tmp_path / "b/train.jsonl", [row])
    write_jsonl(tmp_path / "c/one.jsonl", [row])
    write_jsonl(tmp_path / "c/two.jsonl", [row])

    assert len(load("math_500", tmp_path / "a")[0].items) == 1
    for folder in ("b", "c"):
        with pytest.raises(DataError, match="no file for split 'test'"):
            load("math_500", tmp_path / folder)


def test_a_table_without_a_header_loses_no_row(tmp_path: Path) -> None:
    (tmp_path / "anatomy_test.csv").write_text("What is A?,A,B,C,D,A\nWhat is B?,A,B,C,D,B\n")

    (subset,) = load("mmlu", tmp_path, subsets=("anatomy",), few_shot=0)

    assert [(item.question, item.gold) for item in subset.items] == [("What is A?", "A"), ("What is B?", "B")]


def test_a_table_with_a_header_has_it_read(tmp_path: Path) -> None:
    (tmp_path / "anatomy_test.csv").write_text("question,A,B,C,D,answer\nWhat is A?,1,2,3,4,A\n")

    (subset,) = load("mmlu", tmp_path, subsets=("anatomy",), few_shot=0)

    assert [item.question for item in subset.items] == ["What is A?"]
