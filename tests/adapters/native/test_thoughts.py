"""What a model thinks is told from what it says."""

from __future__ import annotations

import pytest

from adapters.native.evaluator.thoughts import without_thoughts


def test_thoughts_are_no_part_of_the_answer() -> None:
    assert without_thoughts("<think>1 + 1\n= 2</think>\n\n2") == "\n\n2"


@pytest.mark.parametrize(
    "text",
    [
        "<thinking>one</thinking>two",
        "<Reasoning>one</Reasoning>two",
        "<|begin_of_thought|>one<|end_of_thought|>two",
        "[THINK]one[/THINK]two",
        "\u25c1think\u25b7one\u25c1/think\u25b7two",
        "one</think>two",
        "<think>one</think>t<think>three</think>wo",
        "<think>one <think> half</think>two",
    ],
)
def test_every_kind_of_tag_is_known(text: str) -> None:
    assert without_thoughts(text) == "two"


def test_nothing_is_left_of_one_that_never_stopped() -> None:
    assert without_thoughts("<think>one") == ""
