"""Answers that are Python literals: read as data, whatever else stands there."""

from __future__ import annotations

import types

import pytest

from adapters.opencompass.runner.literals import LiteralError, evaluate_nothing, literal


def test_a_list_of_texts_is_what_it_says() -> None:
    assert literal("['a', \"b's\", 'ü']") == ["a", "b's", "ü"]


@pytest.mark.parametrize(
    "cell",
    [
        "[__import__('os').getpid()]",
        "open('/tmp/x', 'w')",
        "[answer for answer in 'ab']",
        "name",
        "['unfinished",
        "",
        "(" * 100_000,
    ],
    ids=["call", "open", "loop", "name", "unfinished", "nothing", "deep"],
)
def test_anything_else_is_refused_and_not_run(cell: str) -> None:
    with pytest.raises(LiteralError, match="is not a list of texts, and a program is not run"):
        literal(cell)


def test_a_module_that_evaluates_what_it_reads_runs_nothing_any_more() -> None:
    loader = types.ModuleType("loader")
    exec("def load(cell):\n    return eval(cell)", vars(loader))  # noqa: S102 - what OpenCompass's loaders do

    evaluate_nothing(loader)

    assert loader.load("['a']") == ["a"]
    with pytest.raises(LiteralError):
        loader.load("print('run')")
