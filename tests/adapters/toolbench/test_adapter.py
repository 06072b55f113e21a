"""What ToolBench refuses, with the place in the task file; what the job is told and reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.toolbench.adapter import ADAPTER
from adapters.toolbench.translate import task_of
from hub.adapter import ModelTarget
from tests.adapters.toolbench.cases import evaluation


def test_a_plain_evaluation_is_taken() -> None:
    assert ADAPTER.complain(evaluation(limit=3)) == ()


def test_a_checkpoint_is_to_be_served_first() -> None:
    checkpoint = ModelTarget(name="bundled", via="in_job", path="/models/bundled")

    (found,) = ADAPTER.complain(replace(evaluation(), model=checkpoint))

    assert (found.path, "serve it" in found.message) == (("models",), True)


@pytest.mark.parametrize(
    ("wish", "place"),
    [
        ({"subsets": ("a",)}, ("subsets",)),
        ({"few_shot": 2}, ("few_shot",)),
        ({"scoring": "choice"}, ("scoring",)),
        ({"limit": 0}, ("limit",)),
        ({"options": {"sauce": 1}}, ("options", "sauce")),
        ({"options": {"source": "moon"}}, ("options", "source")),
        ({"generation": {"temperature": -1}}, ("generation", "temperature")),
        ({"name": "static/own"}, ("path",)),
    ],
)
def test_a_wish_that_cannot_be_had_is_refused_at_its_place(wish: dict[str, Any], place: tuple[str, ...]) -> None:
    assert [item.path for item in ADAPTER.complain(evaluation(**wish))] == [("datasets", 0, *place)]


def test_answers_are_greedy_and_as_long_as_eval_scopes_by_default() -> None:
    (dataset,) = task_of(evaluation()).static

    assert dataset.generation == {"temperature": 0.0, "max_tokens": 2048}


def test_sampled_answers_have_the_seed() -> None:
    (dataset,) = task_of(evaluation(generation={"temperature": 0.7})).static

    assert dataset.generation == {"temperature": 0.7, "max_tokens": 2048, "seed": 7}


def test_published_data_are_one_archive_with_the_wanted_file() -> None:
    (asset,) = ADAPTER.assets(evaluation())

    assert (asset.hub, asset.unpack, asset.inside, asset.patterns) == (
        "url",
        "zip",
        "data/toolbench_static",
        ("in_domain.json",),
    )


def test_published_data_can_come_from_a_hub() -> None:
    (asset,) = ADAPTER.assets(evaluation(options={"source": "modelscope"}))

    assert (asset.hub, asset.location) == ("modelscope", "AI-ModelScope/ToolBench-Static")


@pytest.mark.parametrize(
    ("path", "target"),
    [("/mine/steps.jsonl", "/data/static/in_domain/steps.jsonl"), ("/mine", "/data/static/in_domain")],
)
def test_own_data_are_shown_where_the_job_looks_for_them(path: str, target: str) -> None:
    of = evaluation(path=Path(path))

    (asset,) = ADAPTER.assets(of)

    assert (asset.hub, asset.location, asset.target) == ("local", path, target)
    assert task_of(of).static[0].path == target
