"""task.json, compared with a snapshot; the data it needs; what shares a job without sharing files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.opencompass.catalog import catalog
from adapters.opencompass.contract import dumps, loads
from adapters.opencompass.shipped import groups_of
from adapters.opencompass.translate import assets, task_of, translate
from hub.adapter import Evaluation
from tests.adapters.opencompass.cases import CHECKPOINT, evaluation, request

SNAPSHOT = Path(__file__).parent / "snapshots" / "task.json"


def _everything() -> Evaluation:
    return evaluation(
        request("gsm8k", limit=5, generation={"max_tokens": 64, "temperature": 0.5, "stop": "\n\n"}),
        request("ARC_c_ppl_a450bd", label="arc by likelihood"),
        request("ARC_c", path=Path("/own/arc")),
        request("race", label="exams", options={"config": "race_gen_9302a5"}),
        request("GaokaoBench", subsets=("2010-2022_Math_I_MCQs", "2010-2022_Physics_MCQs")),
        request("humaneval"),
        request("config", label="mine", options={"config": "/own/my_eval.py"}),
        model=replace(CHECKPOINT, chat=False),
        max_seq_len=512,
        runner="local",
        batch_size=2,
    )


def test_the_translation_is_the_snapshot() -> None:
    assert translate(_everything()) == {"task.json": SNAPSHOT.read_text(encoding="utf-8")}


def test_a_task_survives_its_text() -> None:
    task = task_of(_everything())

    assert loads(dumps(task)) == task


def test_two_ways_of_one_data_set_have_files_of_their_own() -> None:
    task = task_of(evaluation(request("ARC_c", label="a"), request("ARC_c", label="b b"), request("ARC_e")))

    assert [part.file for dataset in task.datasets for part in dataset.parts] == ["ARC-c", "b-b.2.ARC-c", "ARC-e"]


def test_averages_are_those_over_all_parts_and_over_whole_subjects() -> None:
    stem = groups_of(catalog()["ceval"], tuple(catalog()["ceval"].parts))["stem"]

    (dataset,) = task_of(evaluation(request("ceval", label="exams", subsets=stem))).datasets

    assert [group.name for group in dataset.groups] == ["exams", "exams-stem", "exams-hard"]
    assert dataset.groups[0].files == dataset.groups[1].files == tuple(part.file for part in dataset.parts)
    assert len(dataset.groups[2].files) == 8


def test_an_endpoint_draws_with_the_tasks_seed_only_where_it_draws() -> None:
    cold, warm = request("gsm8k"), request("ARC_c", generation={"temperature": 0.7})

    first, second = task_of(evaluation(cold, warm)).datasets

    assert first.generation == {}
    assert second.generation == {"temperature": 0.7, "seed": 42}


def test_likelihoods_alone_make_a_model_of_plain_text() -> None:
    alone = evaluation(request("ARC_c", scoring="continuation"), model=CHECKPOINT)
    generated = evaluation(request("ARC_c"), model=CHECKPOINT)

    assert task_of(alone).model.chat is False
    assert task_of(generated).model.chat is None


def test_the_client_waits_longer_than_the_gateway() -> None:
    assert task_of(evaluation(request("gsm8k"))).request_timeout_s == 120.0


def test_data_that_are_shared_are_one_asset_that_names_every_file() -> None:
    (found,) = assets(evaluation(request("gsm8k"), request("ARC_c"), data="/shared/data"))

    assert (found.location, found.target) == ("/shared/data", "/data/opencompass")
    assert found.patterns == ("gsm8k/train.jsonl", "gsm8k/test.jsonl", "ARC/ARC-c/ARC-Challenge-Dev.jsonl")


def test_each_data_set_names_its_own_files_and_how_to_get_them() -> None:
    (found,) = assets(evaluation(request("gsm8k"), request("mgsm", subsets=("en",)), data="/shared/data"))

    gsm8k, mgsm = found.readers
    assert (gsm8k.name, gsm8k.patterns) == ("gsm8k", ("gsm8k/train.jsonl", "gsm8k/test.jsonl"))
    assert "leave `data` out and `evaldock fetch TASK` downloads" in gsm8k.hint
    assert mgsm.patterns == ("P-MMEval/mgsm/test/en.jsonl",)
    assert "does not have them" in mgsm.hint


def test_a_part_knows_the_files_that_it_reads() -> None:
    (dataset,) = task_of(evaluation(request("mmlu", subsets=("anatomy",)))).datasets

    assert dataset.parts[0].reads == ("mmlu/dev/anatomy_dev.csv", "mmlu/test/anatomy_test.csv")


def test_the_published_archive_is_taken_where_no_folder_is_named() -> None:
    (found,) = assets(evaluation(request("gsm8k"), request("ARC_c"), data=None))
    (other,) = assets(evaluation(request("gsm8k"), data=None, hub="modelscope"))

    assert (found.hub, found.unpack, found.inside) == ("url", "zips", "data")
    assert found.location.endswith("/OpenCompassData-complete-20240207.zip")
    assert found.patterns[:2] == ("gsm8k/train.jsonl", "gsm8k/test.jsonl")
    assert other.location != found.location
    assert other.target == found.target == task_of(evaluation(request("gsm8k"), data=None)).datasets[0].data


def test_a_copy_of_the_archive_may_lie_anywhere() -> None:
    (found,) = assets(evaluation(request("gsm8k"), data="http://mirror/oc.zip"))

    assert (found.hub, found.location, found.unpacked_bytes) == ("url", "http://mirror/oc.zip", None)


def test_only_the_files_of_the_wanted_subsets_are_named() -> None:
    (found,) = assets(evaluation(request("mmlu", subsets=("anatomy",))))

    assert found.patterns == ("mmlu/dev/anatomy_dev.csv", "mmlu/test/anatomy_test.csv")


def test_the_folder_above_the_data_is_good_too(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()

    (found,) = assets(evaluation(request("gsm8k", path=tmp_path)))

    assert found.location == str(tmp_path / "data")


def test_an_own_configuration_comes_along() -> None:
    mine = evaluation(request("config", label="mine", path=Path("/own/my_eval.py")))

    found = assets(mine)

    assert [asset.location for asset in found] == ["/own/data", "/own/my_eval.py"]
    assert found[1].target == task_of(mine).datasets[0].config


def test_an_own_configuration_needs_no_data() -> None:
    mine = evaluation(request("config", label="mine", options={"config": "/own/my_eval.py"}), data=None)

    assert [asset.location for asset in assets(mine)] == ["/own/my_eval.py"]
    assert task_of(mine).datasets[0].data == ""


@pytest.mark.parametrize("key", ["api_key", "authorization"])
def test_no_secret_is_in_it(key: str) -> None:
    content: dict[str, Any] = json.loads(translate(_everything())["task.json"])

    assert key not in json.dumps(content).lower()


def test_without_a_folder_the_data_are_the_published_archive() -> None:
    (found,) = assets(evaluation(request("gsm8k"), request("ARC_c"), data=None))

    assert (found.hub, found.target, found.unpack, found.inside) == ("url", "/data/opencompass", "zips", "data")
    assert found.location.endswith("/OpenCompassData-complete-20240207.zip")
    assert "ARC/ARC-c/ARC-Challenge-Dev.jsonl" in found.patterns


def test_nothing_is_fetched_for_data_sets_with_a_path_or_a_configuration_of_ones_own() -> None:
    own = request("config", label="mine", options={"config": "/own/my_eval.py"})

    found = assets(evaluation(request("gsm8k", path=Path("/own/data")), own, data=None))

    assert {asset.hub for asset in found} == {"local"}
