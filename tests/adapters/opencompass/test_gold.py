"""What the mock server is told of OpenCompass's data: a question with its right answer and wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.opencompass.catalog import catalog
from adapters.opencompass.gold import READERS, choice, read_gold
from adapters.opencompass.translate import task_of
from hub.adapter import DatasetRequest, Gold
from hub.errors import PrerequisiteError
from tests.adapters.opencompass.cases import evaluation, request
from tests.adapters.opencompass.tiny_data import write_data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with OpenCompass's data folder in it."""
    return write_data(tmp_path_factory.mktemp("gold") / "data", READERS).parent


def golds(folder: Path, *requests: DatasetRequest) -> list[Gold]:
    asked = evaluation(*requests)
    return list(read_gold(asked, {dataset.data: folder for dataset in task_of(asked).datasets}))


@pytest.mark.parametrize("name", READERS)
def test_every_question_has_one_right_answer_and_wrong_ones(folder: Path, name: str) -> None:
    subsets = tuple(catalog()[name].parts)[:1] if len(catalog()[name].parts) > 1 else None

    found = golds(folder, request(name, subsets=subsets))

    assert len(found) == len({gold.prompt for gold in found}) == 6
    assert all(gold.right and gold.wrong and gold.right not in gold.wrong for gold in found)
    assert {gold.group for gold in found} == {f"{name}/{subsets[0] if subsets else name}"}


def test_a_limit_leaves_the_first_questions(folder: Path) -> None:
    assert [gold.id for gold in golds(folder, request("gsm8k", limit=2))] == ["0", "1"]


def test_options_are_lettered_as_in_the_prompt() -> None:
    assert choice("Which?", ["x", "y"], "B") == ("Which?\nA. x\nB. y", "B", ("A",))


def test_data_sets_whose_answers_are_not_plain_are_left_out(folder: Path) -> None:
    found = golds(folder, request("gsm8k"), request("Xsum"))

    assert {gold.group for gold in found} == {"gsm8k/gsm8k"}


def test_a_task_of_such_alone_is_told_which_others_are(folder: Path) -> None:
    with pytest.raises(PrerequisiteError, match="cannot tell what is right for Xsum") as caught:
        golds(folder, request("Xsum"))

    assert "gsm8k" in caught.value.hint


def test_data_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteError, match="gsm8k: its data cannot be read: FileNotFoundError"):
        golds(tmp_path, request("gsm8k"))
