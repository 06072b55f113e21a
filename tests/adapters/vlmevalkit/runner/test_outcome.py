"""How a data set ended, as far as that can be told without VLMEvalKit."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.vlmevalkit.runner.outcome import OutcomeError, facts_of, verdict
from adapters.vlmevalkit.runner.reasons import LastWords, StatedError, describe


def course(**facts: Any) -> Any:
    return SimpleNamespace(**{"error": None, "skipped": "", "metrics": None, **facts})


def test_what_is_only_answered_is_no_failure() -> None:
    assert verdict(course(skipped="test_split_without_ground_truth"), "") == "test_split_without_ground_truth"


def test_any_other_skip_is_one() -> None:
    with pytest.raises(OutcomeError, match="skipped it: invalid_dataset; its last complaint: no such file"):
        verdict(course(skipped="invalid_dataset"), "no such file")


def test_an_end_without_metric_and_without_error_is_a_failure() -> None:
    with pytest.raises(OutcomeError, match="without an error and without a metric"):
        verdict(course(), "")


def test_a_bare_error_keeps_its_kind() -> None:
    with pytest.raises(OutcomeError, match="ZeroDivisionError"):
        verdict(course(error=ZeroDivisionError()), "")


def test_a_reason_of_ours_stands_as_it_is() -> None:
    assert describe(StatedError("there is no file")) == "there is no file"


def test_the_place_in_the_package_is_named(tmp_path: Path) -> None:
    file = tmp_path / "vlmeval" / "dataset" / "x.py"
    file.parent.mkdir(parents=True)
    file.write_text("\n{}['answer']\n")

    with pytest.raises(KeyError) as caught:
        exec(compile(file.read_text(), str(file), "exec"), {})  # noqa: S102 - the text is above

    assert describe(caught.value) == "KeyError: 'answer' (vlmeval/dataset/x.py, line 2)"


def test_a_complaint_that_cannot_be_put_into_words_is_kept_without_them() -> None:
    words = LastWords()
    words.handle(logging.LogRecord("vlmeval", logging.ERROR, "x.py", 1, "error", ("too", "many"), None))

    assert words.text == "error"


def test_predictions_are_kept_apart_from_results(tmp_path: Path) -> None:
    folder = tmp_path / "vlmevalkit" / "set" / "model"
    folder.mkdir(parents=True)
    for name in ("model_A.tsv", "model_A_acc.csv", "model_A_judge.pkl", "status.json", "status.json.lock"):
        (folder / name).touch()

    assert facts_of(tmp_path / "vlmevalkit" / "set", "A") == {
        "predictions": "vlmevalkit/set/model/model_A.tsv",
        "files": ("vlmevalkit/set/model/model_A_acc.csv", "vlmevalkit/set/model/status.json"),
    }
