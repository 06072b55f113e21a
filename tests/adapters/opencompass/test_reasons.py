"""Errors in one line."""

from __future__ import annotations

from pathlib import Path

from adapters.opencompass.runner.reasons import PartError, describe, reason_of


def test_an_error_is_its_name_and_its_words_in_one_line() -> None:
    assert describe(ValueError("no\n good")) == "ValueError: no good"
    assert describe(PartError("3 of 4")) == "3 of 4"
    assert describe(ValueError()) == "ValueError"


def test_an_error_without_words_is_the_statement_that_raised_it() -> None:
    try:
        assert not Path("/")
    except AssertionError as error:
        error.args = ()
        assert describe(error) == 'AssertionError at `assert not Path("/")`'


def test_broken_data_are_named_before_the_error_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{")

    reason = reason_of(ValueError(f"bad: {tmp_path}/a.jsonl"), tmp_path, ["a.jsonl"])

    assert reason.startswith("data/a.jsonl, line 1: no JSON")
    assert "; correct the file, or name no folder in the task" in reason
    assert reason.endswith("(ValueError: bad: data/a.jsonl)")


def test_an_error_that_the_data_do_not_explain_stands_alone(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}")

    assert reason_of(ValueError("no"), tmp_path, ["a.jsonl"]) == "ValueError: no"
