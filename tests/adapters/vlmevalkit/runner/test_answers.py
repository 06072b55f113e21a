"""Answers while they are saved."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from adapters.vlmevalkit.runner.answers import Saving


def dump(data: Any, file: str) -> None:
    Path(file).write_bytes(pickle.dumps(data))


def saved(file: Path) -> Any:
    return pickle.loads(file.read_bytes())  # noqa: S301 - written above


def test_a_table_is_written_as_ever(tmp_path: Path) -> None:
    Saving(dump, 9.0)([1], str(tmp_path / "x.tsv"))

    assert saved(tmp_path / "x.tsv") == [1]


def test_without_an_interval_every_answer_is_saved(tmp_path: Path) -> None:
    saving = Saving(dump)

    for count in range(1, 4):
        saving(dict.fromkeys(range(count)), str(tmp_path / "x.pkl"))

    assert len(saved(tmp_path / "x.pkl")) == 3


def test_a_file_that_grows_is_saved_once_an_interval_and_at_last(tmp_path: Path) -> None:
    seconds = iter(range(10))
    saving = Saving(dump, 2.0, lambda: next(seconds))
    file, answers, lengths = tmp_path / "x.pkl", {}, []

    for number in range(5):
        answers[number] = "A"
        saving(answers, str(file))
        lengths.append(len(saved(file)))
    saving(answers, str(file))  # as the package does once more when all are answered

    assert lengths == [1, 1, 3, 3, 5]
    assert len(saved(file)) == 5


def test_a_failed_write_leaves_what_was_saved(tmp_path: Path) -> None:
    file = tmp_path / "x.pkl"
    saving = Saving(dump)
    saving({"0": "A"}, str(file))

    with pytest.raises((pickle.PicklingError, AttributeError)):
        saving({"0": "A", "1": lambda: None}, str(file))

    assert saved(file) == {"0": "A"}
