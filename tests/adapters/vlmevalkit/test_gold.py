"""What the mock server is told about VLMEvalKit's tables: which answer is right, which are plausible and wrong."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from adapters.vlmevalkit.gold import read_gold
from adapters.vlmevalkit.translate import assets, task_of
from hub.adapter import DatasetRequest, Evaluation, Gold
from hub.errors import PrerequisiteError
from tests.adapters.vlmevalkit.cases import evaluation, request
from tests.adapters.vlmevalkit.tiny_data import rows_of, write_data, write_table


@pytest.fixture(scope="module")
def lmudata(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data(tmp_path_factory.mktemp("lmudata"))


def golds(lmudata: Path, *requests: DatasetRequest) -> list[Gold]:
    asked = evaluation(*requests, judge=True, data=str(lmudata))
    return list(read_gold(asked, {asset.target: Path(asset.location) for asset in assets(asked)}))


def of(found: Iterable[Gold], name: str) -> Gold:
    return next(gold for gold in found if gold.id == name)


def test_a_choice_is_known_by_its_options_and_answered_by_a_letter(lmudata: Path) -> None:
    gold = golds(lmudata, request("MMStar"))[1]

    assert gold.prompt.startswith("[MMStar#1] Which colour is it?\nOptions:\nA. amber 1\nB. bronze 1\n")
    assert gold.question == "[MMStar#1] Which colour is it?"
    assert (gold.group, gold.id, gold.right, gold.wrong) == ("MMStar", "1", "B", ("A", "C", "D"))


def test_the_orders_of_one_question_are_forms_of_it(lmudata: Path) -> None:
    found = golds(lmudata, request("MMBench_DEV_EN"))

    assert len(found) == 12
    assert {gold.id for gold in found} == {"0", "1", "2"}


def test_yes_or_no_is_answered_in_its_own_words(lmudata: Path) -> None:
    gold = golds(lmudata, request("MME"))[0]

    assert (gold.right, gold.wrong) == ("Yes", ("No",))


def test_of_several_right_answers_the_most_frequent_is_given(lmudata: Path) -> None:
    gold = golds(lmudata, request("TextVQA_VAL"))[0]

    assert gold.right == "amber 10"
    assert gold.wrong
    assert not set(gold.wrong) & {"amber 10", "other 0"}


def test_words_between_pictures_are_put_together_as_the_mock_does(lmudata: Path) -> None:
    assert "First \n then \n, which is brighter?" in golds(lmudata, request("MMMU_DEV_VAL"))[0].question


def test_a_limit_leaves_what_a_run_would_ask(lmudata: Path) -> None:
    found = golds(lmudata, request("MME", limit=3), request("MTL_MMBench_DEV", limit=2))

    assert [gold.id for gold in found if gold.group == "MME"] == ["0", "1", "2", "3"]
    assert len([gold for gold in found if gold.group == "MTL_MMBench_DEV/MMBench_dev_ru"]) == 4


def test_a_limit_is_that_of_each_split_where_the_headline_is_about_one(lmudata: Path) -> None:
    found = golds(lmudata, request("MMMU_DEV_VAL", limit=1))

    assert [gold.id for gold in found] == ["0", "1"]


def test_a_conversation_has_no_one_answer(lmudata: Path) -> None:
    assert golds(lmudata, request("MMDU")) == []


def test_a_users_table_is_read_where_it_lies(tmp_path: Path) -> None:
    own = write_table(tmp_path / "own.tsv", rows_of("MMStar"))
    asked = evaluation(request("custom_mcq", label="mine", path=own))

    found = list(read_gold(asked, {"/data/own/mine.tsv": own}))

    assert {gold.group for gold in found} == {"mine"}
    assert len(found) == 6


def test_a_published_table_is_read_under_its_publishers_name(tmp_path: Path) -> None:
    asked: Evaluation = evaluation(request("A-Bench_VAL"))
    (place,) = task_of(asked).datasets[0].tables.values()
    write_table(tmp_path / Path(place).name, rows_of("A-Bench_VAL"))

    assert len(list(read_gold(asked, {"/data/vlmevalkit/A-Bench_VAL": tmp_path}))) == 6


def test_a_table_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError, match=r"MMStar: .*MMStar\.tsv cannot be read"):
        golds(tmp_path, request("MMStar"))


def test_a_cell_that_only_looks_like_a_list_is_the_answer(tmp_path: Path) -> None:
    rows = [{**rows_of("OCRVQA_TEST")[0], "answer": "[sic] not a list"}]
    own = write_table(tmp_path / "own.tsv", rows)
    asked = evaluation(request("custom_vqa", label="mine", path=own))

    assert of(read_gold(asked, {"/data/own/mine.tsv": own}), "0").right == "[sic] not a list"
