"""task.json, compared with a snapshot; the data it needs; who reads the answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.vlmevalkit.adapter import ADAPTER
from adapters.vlmevalkit.contract import dumps, loads
from adapters.vlmevalkit.translate import assets, task_of, translate
from hub.adapter import Evaluation
from tests.adapters.vlmevalkit.cases import CHECKPOINT, evaluation, request

SNAPSHOT = Path(__file__).parent / "snapshots" / "task.json"
LOCAL = "Qwen2.5-VL-7B-Instruct"


def _everything() -> Evaluation:
    return evaluation(
        request("MMStar", limit=5, generation={"max_tokens": 64, "temperature": 0.5, "stop": "\n\n"}),
        request("MME", label="MME again", limit=3),
        request("MMBench_DEV_EN", options={"judge": "exact_matching"}),
        request("A-Bench_VAL"),
        request("MTL_MMBench_DEV", limit=2),
        request("MMVet"),
        request("custom_mcq", label="mine", path=Path("/own/mine.tsv")),
        request("MMMB", path=Path("/own/mmmb")),
        judge=True,
        image_size=512,
        image_detail="low",
        system_prompt="Be brief.",
    )


def test_the_translation_is_the_snapshot() -> None:
    assert translate(_everything()) == {"task.json": SNAPSHOT.read_text(encoding="utf-8")}


def test_a_task_survives_its_text() -> None:
    task = task_of(_everything())

    assert loads(dumps(task)) == task


def test_the_client_waits_longer_than_the_gateway() -> None:
    assert task_of(evaluation(request("MMStar"))).request_timeout_s == 120.0


def test_a_checkpoint_is_loaded_under_its_name_and_generates_as_its_class_says() -> None:
    task = task_of(evaluation(request("MMStar", generation={"temperature": 1.0}), model=CHECKPOINT, known_as=LOCAL))

    assert (task.model.kind, task.model.known_as, task.model.path) == ("checkpoint", LOCAL, "/models/tiny")
    assert task.datasets[0].generation == {}


class TestReader:
    @pytest.mark.parametrize(
        ("name", "judge", "reader"),
        [
            ("MMStar", False, "exact_matching"),
            ("MMStar", True, "judge"),
            ("ChartQA_TEST", True, ""),
            ("MMVet", True, "judge"),
            ("MMMU_TEST", True, ""),
        ],
    )
    def test_it_is_the_judge_where_there_is_one_and_it_is_of_use(self, name: str, judge: bool, reader: str) -> None:
        wanted = evaluation(request(name), judge=judge)

        assert task_of(wanted).datasets[0].reader == reader
        assert ADAPTER.uses_judge(wanted) is (reader == "judge")

    def test_matching_of_texts_can_be_asked_for_where_the_judge_is_not_needed(self) -> None:
        wanted = evaluation(request("MMStar"), request("MMVet"), judge=True)

        task = task_of(replace(wanted, options={"judge": "exact_matching"}))

        assert [dataset.reader for dataset in task.datasets] == ["exact_matching", "judge"]


class TestFiles:
    def test_two_uses_of_a_data_set_have_folders_of_their_own(self) -> None:
        task = task_of(evaluation(request("MMStar", label="a b"), request("MMStar", label="a.b"), request("MME")))

        assert [dataset.file for dataset in task.datasets] == ["a-b", "a-b-2", "mme"]

    def test_no_folder_bears_a_name_that_vlmevalkit_replaces_in_paths(self) -> None:
        task = task_of(evaluation(request("MMMB"), request("MTL_MMBench_DEV"), request("MMStar", label="x.tsv")))

        assert [dataset.file for dataset in task.datasets] == ["mmmb", "mtl_mmbench_dev", "x-tsv"]


class TestLimit:
    def test_pairs_and_rotations_are_kept_together_under_one(self) -> None:
        task = task_of(evaluation(request("MME", limit=3), request("CCBench", limit=3), request("MMStar", limit=3)))

        assert [dataset.together for dataset in task.datasets] == ["image_path", "g_index", ""]

    def test_every_language_is_cut_by_itself(self) -> None:
        task = task_of(evaluation(request("MMMB", limit=3)))

        assert (task.datasets[0].limit, task.datasets[0].each) == (3, "SUB_DATASET")

    def test_without_one_nothing_is_said_of_it(self) -> None:
        (dataset,) = task_of(evaluation(request("MTL_MMBench_DEV"))).datasets

        assert (dataset.limit, dataset.together, dataset.each) == (None, "", "")


class TestAssets:
    def test_a_published_table_is_fetched_by_its_url_and_md5(self) -> None:
        (found,) = assets(evaluation(request("MMStar")))

        assert (found.hub, found.target) == ("url", "/data/vlmevalkit/MMStar")
        assert found.location == "https://opencompass.openxlab.space/utils/VLMEval/MMStar.tsv"
        assert found.md5 == "e1ecd2140806c1b1bbf54b43372efb9e"

    def test_a_publishers_name_of_a_file_need_not_be_vlmevalkits(self) -> None:
        wanted = evaluation(request("A-Bench_VAL"))

        (found,) = assets(wanted)

        assert found.patterns == ("A-bench_VAL.tsv",)
        assert task_of(wanted).datasets[0].tables == {
            "A-Bench_VAL.tsv": "/data/vlmevalkit/A-Bench_VAL/A-bench_VAL.tsv"
        }

    def test_a_table_that_two_data_sets_read_is_fetched_once(self) -> None:
        found = assets(evaluation(request("MMMB_ar"), request("MMMB"), request("MMMB_ar", label="again")))

        tongues = ("ar", "cn", "en", "pt", "ru", "tr")
        assert [asset.name for asset in found] == [f"MMMB_{tongue}" for tongue in tongues]

    def test_a_users_table_is_shown_under_vlmevalkits_name(self) -> None:
        wanted = evaluation(request("ChartQA_TEST", label="mine", path=Path("/own/charts.tsv")))

        (found,) = assets(wanted)

        assert (found.hub, found.location, found.target) == ("local", "/own/charts.tsv", "/data/own/mine.tsv")
        assert task_of(wanted).datasets[0].tables == {"ChartQA_TEST.tsv": "/data/own/mine.tsv"}

    def test_a_users_folder_names_the_files_that_must_be_there(self) -> None:
        (found,) = assets(evaluation(request("MMStar", path=Path("/own/folder"))))

        assert (found.target, found.patterns) == ("/data/own/mmstar", ("MMStar.tsv",))

    def test_a_folder_of_tables_serves_all_that_have_no_path(self) -> None:
        wanted = evaluation(
            request("MMStar"), request("MME"), request("POPE", path=Path("/own/pope.tsv")), data="/lmu"
        )

        own, shared = assets(wanted)

        assert own.location == "/own/pope.tsv"
        assert (shared.location, shared.patterns) == ("/lmu", ("MMStar.tsv", "MME.tsv"))
        assert task_of(wanted).datasets[1].tables == {"MME.tsv": "/data/lmudata/MME.tsv"}

    def test_own_questions_have_a_name_by_which_vlmevalkit_knows_their_kind(self) -> None:
        wanted = evaluation(
            request("custom_mcq", path=Path("/own/a.tsv")), request("custom_vqa", path=Path("/own/b.tsv"))
        )

        assert [dataset.name for dataset in task_of(wanted).datasets] == ["own_image_mcq", "own_image_openended"]

    def test_own_open_questions_are_compared_as_asked(self) -> None:
        own = [
            request("custom_vqa", label=f"{options}", path=Path("/own/b.tsv"), options=options)
            for options in ({}, {"metric": "anls"})
        ]

        task = task_of(evaluation(*own, request("TextVQA_VAL")))

        assert [dataset.metric for dataset in task.datasets] == ["accuracy", "anls", ""]


class TestGeneration:
    def test_an_answer_is_the_likeliest_and_has_room(self) -> None:
        assert task_of(evaluation(request("MMStar"))).datasets[0].generation == {
            "temperature": 0.0,
            "max_tokens": 2048,
        }

    def test_an_endpoint_draws_with_the_tasks_seed_only_where_it_draws(self) -> None:
        task = task_of(evaluation(request("MMStar", generation={"temperature": 0.7})))

        assert task.datasets[0].generation["seed"] == 42
