"""Every benchmark, on rows as they are published: gold answers score in full, others no better than chance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest

from adapters.native.catalog import WayName, benchmarks
from adapters.native.contract import NativeDataset
from adapters.native.evaluator.dataset import Subset, load_subsets
from adapters.native.evaluator.items import Item
from adapters.native.evaluator.prompts import Prompter
from adapters.native.evaluator.request import Generation, Likelihood, Outcome
from adapters.native.evaluator.score import score
from tests.adapters.native.native_task import dataset
from tests.adapters.native.published_rows import PUBLISHED, Published, write

OWN = {"general_mcq", "general_qa"}
CODE = {"humaneval", "mbpp"}
SCORED = [
    pytest.param(name, way, published, id=f"{name}-{way}-{index}")
    for name, layouts in sorted(PUBLISHED.items())
    for index, published in enumerate(layouts)
    for way in benchmarks()[name].ways
]


def test_every_benchmark_has_rows_as_they_are_published() -> None:
    assert set(PUBLISHED) == set(benchmarks()) - OWN


def loaded(name: str, way: WayName | None, published: Published, root: Path) -> tuple[NativeDataset, list[Subset]]:
    asked = dataset(name, scoring=way, few_shot=0, subsets=published.subsets)
    return asked, load_subsets(asked, write(published, root), seed=1)


def answers(item: Item, asked: NativeDataset) -> Iterator[Outcome]:
    """Yield the outcome of a model that gives the item's gold answer, in every form in which it may be asked."""
    if asked.scoring != "generate":
        yield Outcome(likelihoods=likelihoods(item, asked))
        return
    for chat in (True, False):
        answer = Prompter(asked, chat=chat).example(item)[1]
        yield Outcome(text=answer if answer.strip() else "two words")


def likelihoods(item: Item, asked: NativeDataset) -> tuple[float, ...]:
    options = (*item.options, *item.further)
    true = item.accepted if "mc2" in asked.way.metrics else (item.gold,)
    values = [-1.0 if option.label in true else -99.0 - 9 * len(option.text) for option in options]
    if item.options and "mc1" in asked.way.metrics:  # the best answer is likelier than others that are true, too
        values = [value + 0.5 * (option.label == item.gold) for value, option in zip(values, options, strict=True)]
    if asked.way.rest:  # the option alone, then with the rest
        return tuple(part for value in values for part in (-3.0, -3.0 + value))
    return tuple(values)


def headline(item: Item, outcome: Outcome, asked: NativeDataset) -> float:
    return score(item, outcome, asked).scores[asked.way.metrics[0]]


@pytest.mark.parametrize(("name", "way", "published"), SCORED)
def test_gold_answers_score_one(name: str, way: WayName, published: Published, tmp_path: Path) -> None:
    asked, subsets = loaded(name, way, published, tmp_path)

    values = [
        headline(item, outcome, asked)
        for subset in subsets
        for item in subset.items
        for outcome in answers(item, asked)
    ]

    assert values
    assert values == pytest.approx([1.0] * len(values))


@pytest.mark.parametrize(("name", "way", "published"), SCORED)
def test_other_answers_score_no_better_than_chance(
    name: str, way: WayName, published: Published, tmp_path: Path
) -> None:
    asked, subsets = loaded(name, way, published, tmp_path)

    for subset in subsets:
        for item in subset.items:
            values = [
                headline(item, outcome, asked)
                for other in others(item, subset, asked)
                for outcome in answers(other, asked)
            ]
            assert fmean(values) == pytest.approx(1 / len(item.options) if item.options else 0.0, abs=1e-6)


def others(item: Item, subset: Subset, asked: NativeDataset) -> list[Item]:
    """Return the item with every option as its answer; an open one with what it surely is not."""
    if item.options:
        every = [(option, tuple({option.label})) for option in item.options]
        return [replace(item, gold=o.label, solution=o.text, accepted=a, reasoning="") for o, a in every]
    wrong = "\\boxed{y^9 + 7}" if asked.way.extract == "maths" else "#### 77777"
    return [replace(item, gold=wrong, solution=wrong if item.solution else ",", accepted=(wrong,), reasoning="")]


@pytest.mark.parametrize(("name", "way", "published"), SCORED)
def test_a_question_appears_once_and_no_answer_is_given_away(
    name: str, way: WayName, published: Published, tmp_path: Path
) -> None:
    asked, subsets = loaded(name, way, published, tmp_path)

    for subset in subsets:
        for item in subset.items:
            for chat in (True, False):
                request = Prompter(asked, chat=chat).request(item, [], "s")
                text = request.prompt if isinstance(request.prompt, str) else request.prompt[-1]["content"]
                assert isinstance(request, Generation if way == "generate" else Likelihood)
                assert text.count(item.question) == (0 if asked.way.rest else 1)
                assert "Answer: " + item.solution not in text


@pytest.mark.parametrize("name", sorted(benchmarks()))
def test_a_benchmark_says_what_it_is(name: str) -> None:
    benchmark = benchmarks()[name]
    text = (Path(__file__).parents[3] / f"adapters/native/evaluator/benchmarks/{name}.yaml").read_text("utf-8")

    assert benchmark.version >= 1
    assert "# Paper: " in text
    if name in OWN:
        return
    assert "# Data: " in text
    assert benchmark.paper
    assert benchmark.sources
    assert benchmark.split in benchmark.splits
    assert not benchmark.few_shot or benchmark.examples or benchmark.few_shot_split in benchmark.splits
    assert benchmark.few_shot_split != benchmark.split
    assert set(benchmark.default_subsets) <= set(benchmark.subsets)
    assert set(benchmark.topics) <= set(benchmark.subsets)


@pytest.mark.parametrize(
    ("name", "count", "categories"),
    [
        ("mmlu", 57, {"STEM": 18, "Humanities": 13, "Social Science": 12, "Other": 14}),
        ("cmmlu", 67, {"STEM": 17, "Humanities": 11, "Social Science": 13, "China specific": 15, "Other": 11}),
        ("ceval", 52, {"STEM": 20, "Social Science": 10, "Humanities": 11, "Other": 11}),
        ("bbh", 27, {}),
        ("mmlu_pro", 14, {}),
        ("competition_math", 7, {}),
    ],
)
def test_all_subsets_are_there_each_in_one_category(name: str, count: int, categories: dict[str, int]) -> None:
    benchmark = benchmarks()[name]

    assert len(set(benchmark.subsets)) == len(benchmark.subsets) == count
    assert {category: len(subsets) for category, subsets in benchmark.categories.items()} == categories


@pytest.mark.parametrize(
    ("name", "published"), [(name, published) for name in sorted(CODE) for published in PUBLISHED[name]]
)
def test_programs_are_read_with_all_their_white_space(name: str, published: Published, tmp_path: Path) -> None:
    _, subsets = loaded(name, None, published, tmp_path)

    (item,) = subsets[0].items
    assert item.gold == item.solution == item.row.get("canonical_solution", item.row.get("code"))
    assert item.question.startswith(("def one() -> int:\n    ", "You are an expert Python programmer"))
