"""What the mock server is told is right scores in full, and what it is told is wrong scores nothing."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from adapters.native.catalog import benchmarks
from adapters.native.evaluator.dataset import load_subsets
from adapters.native.evaluator.request import Outcome
from adapters.native.evaluator.score import score
from adapters.native.gold import read_gold
from adapters.native.translate import native_dataset
from hub.adapter import DatasetRequest, Evaluation, Gold, ModelTarget
from hub.errors import PrerequisiteError
from tests.adapters.native.published_rows import PUBLISHED, write

ROWS: dict[str, list[dict[str, Any]]] = {
    "general_mcq": [
        {"question": "2 + 2?", "choices": ["3", "4", "5"], "answer": "B"},
        {"question": "2 + 3?", "choices": ["5", "6"], "answer": "A"},
    ],
    "general_qa": [
        {"question": "Red or blue?", "answer": ["Red", "red"]},
        {"question": "Blue or red?", "answer": "blue"},
        {"question": "Again?", "answer": "RED"},
    ],
    "gsm8k": [
        {"question": "How many?", "answer": "One and two are <<1+2=3>>3.\n#### 3"},
        {"question": "How cold?", "answer": "#### -1,000"},
        {"question": "How much?", "answer": "#### 2.5"},
        {"question": "None?", "answer": "#### 0"},
        {"question": "Less than none?", "answer": "#### -0.5"},
    ],
}


def evaluation(name: str, path: Path, **more: Any) -> Evaluation:
    request = DatasetRequest(name=name, label=name, path=path, few_shot=0, **more)
    return Evaluation("native", ModelTarget("m", "endpoint"), (request,), seed=0)


def golds(name: str, path: Path, **more: Any) -> list[Gold]:
    asked = evaluation(name, path, **more)
    return list(read_gold(asked, {native_dataset(asked.datasets[0], asked).path: path}))


@pytest.fixture(params=sorted(ROWS))
def data(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS[request.param]))
    return request.param, path


def test_right_answers_score_in_full_and_wrong_ones_nothing(data: tuple[str, Path]) -> None:
    name, path = data
    asked = evaluation(name, path)
    dataset = native_dataset(asked.datasets[0], asked)
    items = {item.id: item for subset in load_subsets(dataset, path, seed=0) for item in subset.items}

    found = golds(name, path)

    assert {gold.id for gold in found} == set(items)
    for gold in found:
        if gold.prompt.startswith("Question:") and name == "general_mcq":
            continue  # scored by likelihoods
        assert headline(items[gold.id], gold.right, dataset) == 1
        assert {headline(items[gold.id], wrong, dataset) for wrong in gold.wrong} == {0}


@pytest.mark.parametrize("name", sorted(set(PUBLISHED) - {"humaneval", "mbpp"}))
def test_the_answers_to_every_benchmark_are_known(name: str, tmp_path: Path) -> None:
    published = PUBLISHED[name][0]
    root = write(published, tmp_path)
    asked = evaluation(name, root, subsets=published.subsets)
    dataset = native_dataset(asked.datasets[0], asked)
    items = {
        (f"{name}/{subset.name}", item.id): item
        for subset in load_subsets(dataset, root, seed=0)
        for item in subset.items
    }

    found = golds(name, root, subsets=published.subsets)

    generated = found[: 2 * len(items)]  # chat turns and raw text; forms that are scored by likelihood come later
    assert {(gold.group, gold.id) for gold in generated} == set(items)
    for gold in generated:
        item = items[gold.group, gold.id]
        assert headline(item, gold.right, dataset) == 1
        assert {headline(item, wrong, dataset) for wrong in gold.wrong} == {0}


def headline(item: Any, text: str, dataset: Any) -> float:
    if dataset.way.extract == "letter" and "ANSWER" not in text:  # a raw prompt's answer is the letter alone
        text = text.strip()
    return next(iter(score(item, Outcome(text=text), dataset).scores.values()))


def test_every_way_of_asking_has_its_form(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(json.dumps(ROWS["general_mcq"][0]) + "\n")

    forms = {gold.prompt.splitlines()[0].split(" ")[0]: gold.right for gold in golds("general_mcq", path)}

    assert forms == {"Answer": "ANSWER: B", "2": " B", "Question:": " 4"}
    assert set(benchmarks()["general_mcq"].ways) == {"choice", "continuation", "generate"}


def test_the_users_own_prompt_is_the_one_that_is_known(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_text(json.dumps(ROWS["general_qa"][0]) + "\n")

    prompts = {gold.prompt for gold in golds("general_qa", path, options={"prompt": "Say it: {{ question }}"})}

    assert prompts == {"Say it: Red or blue?"}


def test_data_that_cannot_be_read_are_a_prerequisite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text("{\n")
    with pytest.raises(PrerequisiteError, match=r"general_qa: broken\.jsonl:1"):
        golds("general_qa", broken)

    packed = tmp_path / "packed.parquet"
    packed.write_bytes(b"")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(PrerequisiteError, match="needs the package pyarrow") as caught:
        golds("general_qa", packed)
    assert caught.value.hint == "pip install pyarrow"
