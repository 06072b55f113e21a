"""The tasks that ship for VLMEvalKit: each plans without a complaint, as it stands in the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.vlmevalkit.translate import task_of
from hub.plan import Machine, Plan, make_plan
from hub.registry import load_adapter
from hub.resources import shared_folder
from hub.taskfile import load_task

CONFIGS = shared_folder("configs") / "vlmevalkit"


def plan(name: str) -> Plan:
    loaded = load_task(CONFIGS / f"{name}.yaml")
    adapters = {"vlmevalkit": load_adapter("vlmevalkit")}
    return make_plan(loaded.spec, loaded.source, loaded.folder, adapters, Machine(("0",), Path("/cache")))


@pytest.mark.parametrize("name", sorted(path.stem for path in CONFIGS.glob("*.yaml")))
def test_it_plans_without_a_word(name: str) -> None:
    found = plan(name)

    assert len(found.jobs) == 1
    assert found.skipped == ()


def test_an_endpoint_needs_no_gpu_and_weights_have_one() -> None:
    assert plan("endpoint").jobs[0].job.gpus == ()
    assert plan("checkpoint").jobs[0].job.gpus == ("0",)


def test_weights_are_loaded_under_vlmevalkits_name() -> None:
    (job,) = plan("checkpoint").jobs

    assert task_of(job.evaluation).model.known_as == "Qwen2.5-VL-3B-Instruct"
    assert [asset.kind for asset in job.assets] == ["model", "dataset", "dataset"]


def test_a_judge_is_asked_where_it_is_of_use() -> None:
    (job,) = plan("judge").jobs

    assert set(job.upstreams) == {"candidate", "judge"}
    assert [dataset.reader for dataset in task_of(job.evaluation).datasets] == [
        *("judge", "judge", "judge", "exact_matching"),
    ]


def test_own_tables_are_there() -> None:
    (job,) = plan("own-data").jobs

    assert all(Path(asset.location).is_file() for asset in job.assets)
