import os
from pathlib import Path

import pytest

from hub.datafiles import lack_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("ARC/ARC-c/ARC-Challenge-Dev.jsonl", "mmlu/dev/a_dev.csv", "mmlu/test/a_test.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


def test_a_folder_with_all_of_it_lacks_nothing(folder: Path) -> None:
    assert lack_of(folder, ["ARC/ARC-c/ARC-Challenge-Dev.jsonl", "mmlu/dev/*.csv", "mmlu/test"]) == ""
    assert lack_of(folder, []) == ""


def test_one_missing_file_is_named_whole(folder: Path) -> None:
    assert lack_of(folder, ["ARC/ARC-e/x.jsonl", "mmlu/dev/a_dev.csv"]) == f"{folder}/ARC/ARC-e/x.jsonl is missing"


def test_every_missing_file_is_named(folder: Path) -> None:
    wanted = ["mmlu/dev/a_dev.csv", *(f"cmmlu/dev/{number}.csv" for number in range(5))]

    assert lack_of(folder, wanted) == (
        f"5 files of 6 are missing in {folder}: "
        "cmmlu/dev/0.csv, cmmlu/dev/1.csv, cmmlu/dev/2.csv, cmmlu/dev/3.csv, cmmlu/dev/4.csv"
    )


def test_very_many_missing_files_are_counted_by_folder(folder: Path) -> None:
    wanted = [f"mmlu/{split}/{number}.csv" for split in ("dev", "test") for number in range(20)]

    assert lack_of(folder, [*wanted, "piqa/dev.jsonl"]) == (
        f"41 files of 41 are missing in {folder}: 20 in mmlu/dev/ (0.csv, 1.csv, 2.csv, ...), "
        "20 in mmlu/test/ (0.csv, 1.csv, 2.csv, ...), 1 in piqa/ (dev.jsonl)"
    )


def test_a_glob_that_nothing_matches_is_missing(folder: Path) -> None:
    assert lack_of(folder, ["mmlu/val/*.csv"]) == f"{folder}/mmlu/val/*.csv is missing"


def test_a_name_with_a_bracket_is_a_name(folder: Path) -> None:
    (folder / "a[1].json").write_text("x")

    assert lack_of(folder, ["a[1].json"]) == ""


def test_a_file_in_the_place_of_the_folder_is_said(folder: Path) -> None:
    file = folder / "mmlu" / "dev" / "a_dev.csv"

    assert lack_of(file, ["x.csv"]) == f"{file} is no folder, and these files are read from one: x.csv"


@pytest.mark.skipif(os.getuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_said(folder: Path) -> None:
    file = folder / "mmlu" / "dev" / "a_dev.csv"
    file.chmod(0)

    assert lack_of(folder, ["mmlu/dev/a_dev.csv"]) == f"{file} cannot be read: permission denied"
