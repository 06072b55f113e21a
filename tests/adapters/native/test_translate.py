"""The same evaluation is the same bytes, and every default is filled in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.native.adapter import ADAPTER
from adapters.native.contract import loads
from adapters.native.translate import native_task
from hub.adapter import Evaluation
from tests.adapters.native.native_task import ENDPOINT, WEIGHTS, evaluation, request

SNAPSHOT = Path(__file__).parent / "snapshots" / "task.json"


def everything() -> Evaluation:
    return evaluation(
        request("arc", subsets=("ARC-Easy",), few_shot=5, limit=10),
        request(
            "gsm8k", path=Path("/home/u/gsm8k"), generation={"max_tokens": 64, "temperature": 0.7, "stop": "END"}
        ),
        request("general_mcq", label="mine", path=Path("/home/u/own.csv"), scoring="continuation"),
        request("general_qa", path=Path("/home/u/qa"), options={"system": "s", "columns": {"question": "frage"}}),
        model=WEIGHTS,
        concurrency=3,
    )


def test_task_json_is_the_snapshot() -> None:
    text = ADAPTER.translate(everything())["task.json"]

    assert text == SNAPSHOT.read_text(encoding="utf-8")


def test_what_is_written_is_what_is_read() -> None:
    task = native_task(everything())

    assert loads(ADAPTER.translate(everything())["task.json"]) == task


@pytest.mark.parametrize(
    ("name", "model", "asked", "expected"),
    [
        ("arc", WEIGHTS, None, "choice"),
        ("arc", ENDPOINT, None, "generate"),
        ("arc", WEIGHTS, "continuation", "continuation"),
        ("gsm8k", WEIGHTS, None, "generate"),
    ],
)
def test_the_way_of_scoring_follows_the_model(name: str, model, asked: str | None, expected: str) -> None:
    task = json.loads(ADAPTER.translate(evaluation(request(name, scoring=asked), model=model))["task.json"])

    assert task["datasets"][0]["scoring"] == expected


def test_data_may_be_pinned_to_a_revision() -> None:
    pin = {"revision": "0123456789abcdef0123456789abcdef01234567"}

    pinned, moving = ADAPTER.assets(evaluation(request("gsm8k", options=pin), request("arc")))

    assert (pinned.location, pinned.revision) == ("AI-ModelScope/gsm8k", pin["revision"])
    assert moving.revision == "master"


def test_published_data_come_from_the_hub_that_is_named() -> None:
    first, second = ADAPTER.assets(evaluation(request("gsm8k"), request("arc", options={"hub": "huggingface"})))

    assert (first.hub, first.location, first.revision) == ("modelscope", "AI-ModelScope/gsm8k", "master")
    assert (second.hub, second.location, second.revision) == ("huggingface", "allenai/ai2_arc", "main")
    assert first.target == "/data/gsm8k"


def test_a_folder_is_shown_as_the_data_set_and_a_file_inside_it(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    folder, own = ADAPTER.assets(
        evaluation(request("general_qa", path=tmp_path), request("general_mcq", label="mine", path=file))
    )

    assert (folder.hub, folder.location, folder.target) == ("local", str(tmp_path), "/data/general_qa")
    assert (own.location, own.target) == (str(file), "/data/mine/own.csv")


def test_a_file_brings_its_examples_along_where_they_are_asked_for(tmp_path: Path) -> None:
    file, beside = tmp_path / "own.csv", tmp_path / "own_dev.csv"
    beside.write_text("", encoding="utf-8")

    asked = ADAPTER.assets(evaluation(request("general_mcq", label="mine", path=file, few_shot=2)))
    unasked = ADAPTER.assets(evaluation(request("general_mcq", label="mine", path=file)))

    assert [asset.target for asset in asked] == ["/data/mine/own.csv", "/data/mine/own_dev.csv"]
    assert len(unasked) == 1
