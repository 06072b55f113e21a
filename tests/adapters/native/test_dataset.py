"""Splits and subsets are found in every layout; examples and fingerprints are reproducible."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.native.evaluator.dataset import load_subsets
from adapters.native.evaluator.errors import DataError
from tests.adapters.native.native_task import dataset, write_jsonl

ARC = {"question": "q?", "choices": {"text": ["x", "y"], "label": ["A", "B"]}, "answerKey": "B"}


def word_problems(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [{"question": f"{n}?", "answer": f"#### {n}"} for n in range(start, start + count)]


@pytest.mark.parametrize(
    "name",
    [
        "ARC-Challenge/test-00000-of-00001.jsonl",
        "ARC-Challenge/test.jsonl",
        "ARC-Challenge/ARC-Challenge-Test.jsonl",
        "data/ARC-Challenge/test-0.jsonl",
        "test/ARC-Challenge.jsonl",
        "ARC-Challenge_test.jsonl",
        "test.jsonl",
    ],
)
def test_layouts_of_a_published_data_set(tmp_path: Path, name: str) -> None:
    write_jsonl(tmp_path / name, [ARC])

    (subset,) = load_subsets(dataset("arc"), tmp_path, seed=1)

    assert (subset.name, len(subset.items)) == ("ARC-Challenge", 1)


def test_shards_are_read_in_order(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "main/test-00001-of-00002.jsonl", word_problems(2, start=2))
    write_jsonl(tmp_path / "main/test-00000-of-00002.jsonl", word_problems(2))

    (subset,) = load_subsets(dataset("gsm8k", few_shot=0), tmp_path, seed=1)

    assert [item.gold for item in subset.items] == ["0", "1", "2", "3"]


def test_a_file_that_names_no_subset_does_not_serve_two(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl", [ARC])

    with pytest.raises(DataError, match=r"no file for split 'test' of subset 'ARC-Challenge'.*it holds test.jsonl"):
        load_subsets(dataset("arc", subsets=("ARC-Challenge", "ARC-Easy")), tmp_path, seed=1)


def test_a_folder_of_own_data_has_a_subset_per_file(tmp_path: Path) -> None:
    row = {"question": "q", "choices": ["x", "y"], "answer": "A"}
    for name in ("law.jsonl", "law_dev.jsonl", "art_test.jsonl", "art_dev.jsonl", "readme.txt"):
        write_jsonl(tmp_path / name, [row])

    subsets = load_subsets(dataset("general_mcq", path=tmp_path, few_shot=1), tmp_path, seed=1)

    assert [(subset.name, len(subset.items), len(subset.shots)) for subset in subsets] == [
        ("art", 1, 1),
        ("law", 1, 1),
    ]


def test_limit_takes_the_first_rows(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl", word_problems(9))

    (subset,) = load_subsets(dataset("gsm8k", few_shot=0, limit=2), tmp_path, seed=1)

    assert [item.gold for item in subset.items] == ["0", "1"]


def test_examples_depend_on_the_seed_alone(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl", word_problems(3))
    write_jsonl(tmp_path / "train.jsonl", word_problems(40, start=100))

    def shots(seed: int) -> list[str]:
        return [item.gold for item in load_subsets(dataset("gsm8k"), tmp_path, seed=seed)[0].shots]

    assert len(shots(1)) == 4
    assert shots(1) == shots(1)
    assert shots(1) != shots(2)


def test_examples_come_from_the_file_beside_or_from_rows_of_the_split(tmp_path: Path) -> None:
    row = {"question": "q", "choices": ["x", "y"], "answer": "A"}
    beside = write_jsonl(tmp_path / "a" / "own.jsonl", [row])
    write_jsonl(tmp_path / "a" / "own_dev.jsonl", [{**row, "question": "beside"}])
    inside = write_jsonl(tmp_path / "b" / "own.jsonl", [{**row, "split": "dev", "question": "inside"}, row])

    first = load_subsets(dataset("general_mcq", few_shot=1, path=beside), beside, seed=1)[0]
    second = load_subsets(dataset("general_mcq", few_shot=1, path=inside), inside, seed=1)[0]

    assert [shot.question for shot in first.shots] == ["beside"]
    assert [shot.question for shot in second.shots] == ["inside"]
    assert [item.question for item in second.items] == ["q"]


def test_too_few_examples_are_an_error(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl", word_problems(3))
    write_jsonl(tmp_path / "train.jsonl", word_problems(2))

    with pytest.raises(DataError, match="4 few-shot examples need split 'train'; there is 2 rows"):
        load_subsets(dataset("gsm8k"), tmp_path, seed=1)


def test_an_empty_data_set_is_an_error(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl", [])

    with pytest.raises(DataError, match=r"^test\.jsonl has no rows$"):
        load_subsets(dataset("gsm8k", few_shot=0), tmp_path, seed=1)


@pytest.mark.parametrize("text", ["", "question,answer\n"])
def test_a_table_without_rows_is_an_error(tmp_path: Path, text: str) -> None:
    file = tmp_path / "zero.csv"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(DataError, match=r"^zero\.csv has no rows$"):
        load_own(file)


def test_missing_data_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no data at 'nowhere'"):
        load_subsets(dataset("gsm8k"), tmp_path / "nowhere", seed=1)


def test_fingerprints_follow_the_rows_used_and_the_prompt(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "test.jsonl", word_problems(9))

    def prints(**fields: Any) -> tuple[str, str]:
        subset = load_subsets(dataset("gsm8k", few_shot=0, **fields), tmp_path, seed=1)[0]
        return subset.data, subset.prompt

    whole, again, limited = prints(), prints(), prints(limit=2)
    other = prints(options={"prompt": "{{ question }}"})

    assert whole == again
    assert (limited[0] != whole[0], limited[1] == whole[1]) == (True, True)
    assert (other[0] == whole[0], other[1] != whole[1]) == (True, True)
    assert whole[0].startswith("sha256:")
    assert len(whole[0]) == len("sha256:") + 16


OWN = {"question": "q?", "answer": "a"}


def load_own(root: Path, **options: Any) -> list[tuple[str, int]]:
    asked = dataset("general_qa", path=root, options=options)
    return [(subset.name, len(subset.items)) for subset in load_subsets(asked, root, seed=1)]


def test_a_split_that_no_row_has_is_an_error_that_names_the_splits(tmp_path: Path) -> None:
    rows = [{**OWN, "split": "test"}, {**OWN, "split": "val"}, {**OWN, "split": "val"}]
    file = write_jsonl(tmp_path / "own.jsonl", rows)

    assert load_own(file, split="val") == [("default", 2)]
    with pytest.raises(DataError, match=r"no row of own\.jsonl is of split 'hard'; .* 'test' \(1\), 'val' \(2\)"):
        load_own(file, split="hard")


@pytest.mark.parametrize("split", ["test", "hard"])
def test_a_split_of_data_that_name_none_is_an_error(tmp_path: Path, split: str) -> None:
    file = write_jsonl(tmp_path / "own.jsonl", [OWN])

    assert load_own(file) == [("default", 1)]
    with pytest.raises(DataError, match=f"no split {split!r} in own.jsonl: neither its rows nor its name"):
        load_own(file, split=split)


def test_a_split_that_no_file_of_a_folder_has_is_an_error_that_names_the_splits(tmp_path: Path) -> None:
    for name in ("law_test.jsonl", "law_val.jsonl", "art_test.jsonl"):
        write_jsonl(tmp_path / "qa" / name, [OWN])

    with pytest.raises(DataError, match="no data of split 'hard' in 'qa'; its splits are 'test', 'val'"):
        load_own(tmp_path / "qa", split="hard")


def test_a_split_with_a_name_of_its_own_is_found_in_the_files_names(tmp_path: Path) -> None:
    for name in ("law_hard.jsonl", "law_test.jsonl", "art_hard.jsonl", "art_train.jsonl"):
        write_jsonl(tmp_path / "qa" / name, [OWN])

    assert load_own(tmp_path / "qa", split="hard") == [("art", 1), ("law", 1)]
    assert load_own(tmp_path / "qa" / "law_hard.jsonl", split="hard") == [("default", 1)]


def test_the_train_split_can_be_evaluated_where_it_is_asked_for(tmp_path: Path) -> None:
    for name in ("law_train.jsonl", "law_test.jsonl"):
        write_jsonl(tmp_path / "qa" / name, [OWN])

    assert load_own(tmp_path / "qa", split="train") == [("law", 1)]


def test_a_split_of_a_lone_file_of_a_published_data_set_must_be_there_too(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "own.jsonl", word_problems(2))

    with pytest.raises(DataError, match=r"no split 'train' in own\.jsonl"):
        load_subsets(dataset("gsm8k", few_shot=0, path=file, options={"split": "train"}), file, seed=1)


SPLITS = ("", "test", "dev", "train", "val")
ROWS = {"general_qa": OWN, "general_mcq": {"question": "q?", "choices": ["x", "y"], "answer": "A"}}


def asked_splits(name: str, file: Path, **fields: Any) -> list[Any]:
    (subset,) = load_subsets(dataset(name, path=file, **fields), file, seed=1)
    return [item.row["split"] for item in subset.items]


@pytest.mark.parametrize("few_shot", [0, 1])
@pytest.mark.parametrize("name", list(ROWS))
def test_rows_of_the_test_split_are_asked_else_rows_without_a_split(tmp_path: Path, name: str, few_shot: int) -> None:
    rows = [{**ROWS[name], "split": split} for split in SPLITS]
    named = write_jsonl(tmp_path / "named.jsonl", rows)
    unnamed = write_jsonl(tmp_path / "unnamed.jsonl", [row for row in rows if row["split"] != "test"])

    assert asked_splits(name, named, few_shot=few_shot) == ["test"]
    assert asked_splits(name, unnamed, few_shot=few_shot) == [""]
    assert asked_splits(name, unnamed, few_shot=few_shot, options={"split": "val"}) == ["val"]


@pytest.mark.parametrize("name", list(ROWS))
def test_rows_of_other_splits_alone_are_an_error_that_says_what_to_set(tmp_path: Path, name: str) -> None:
    file = write_jsonl(tmp_path / "own.jsonl", [{**ROWS[name], "split": split} for split in ("train", "val")])

    with pytest.raises(DataError, match=r"of split 'test'; their splits are 'train' \(1\), 'val' \(1\)") as raised:
        asked_splits(name, file)

    assert "options: {split: NAME}" in raised.value.hint


@pytest.mark.parametrize("name", list(ROWS))
def test_files_of_other_splits_are_not_evaluated_unless_asked_for(tmp_path: Path, name: str) -> None:
    for stem in ("law", "art_test", "art_val", "geo_train", "geo_dev", "geo_val"):
        write_jsonl(tmp_path / "own" / f"{stem}.jsonl", [ROWS[name]])
    write_jsonl(tmp_path / "other" / "geo_val.jsonl", [ROWS[name]])

    subsets = load_subsets(dataset(name, path=tmp_path / "own"), tmp_path / "own", seed=1)

    assert [subset.name for subset in subsets] == ["art", "law"]
    with pytest.raises(DataError, match=r"no data of split 'test' in 'other'; its splits are 'val'"):
        load_subsets(dataset(name, path=tmp_path / "other"), tmp_path / "other", seed=1)


def test_open_questions_take_their_examples_from_rows_of_dev(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "own.jsonl", [{**OWN, "split": "dev", "question": "example"}, OWN])

    (subset,) = load_subsets(dataset("general_qa", few_shot=1, path=file), file, seed=1)

    assert [item.question for item in subset.shots] == ["example"]
    assert [item.question for item in subset.items] == ["q?"]


def test_where_there_are_no_examples_the_option_is_named(tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "own.jsonl", [OWN])

    with pytest.raises(DataError, match="1 few-shot examples need split 'dev'; there is no data for it") as raised:
        load_subsets(dataset("general_qa", few_shot=1, path=file), file, seed=1)

    assert "options: {few_shot_split: NAME}" in raised.value.hint
