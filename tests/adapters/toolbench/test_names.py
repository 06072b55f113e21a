"""Names as StableToolBench writes them."""

from __future__ import annotations

import pytest

from adapters.toolbench.evaluator.stable.names import api_name, function_name, standardize, standardize_category


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Song kick", "song_kick"),
        ("/api/Paths/", "api_paths"),
        ("A.com | B", "a_com_b"),
        ("99 Red", "get_99_red"),
        ("__x__y__", "x_y"),
        ("Écrans", "crans"),
        ("天气 App", "天气_app"),
        ("^up", "^up"),
        ("", ""),
    ],
)
def test_a_name_is_lower_case_words(text: str, name: str) -> None:
    assert standardize(text) == name


@pytest.mark.parametrize("word", ["from", "class", "return", "false", "true", "id", "and"])
def test_a_word_of_python_is_changed(word: str) -> None:
    assert api_name(word) == f"is_{word}"


@pytest.mark.parametrize(
    ("text", "folder"), [("News, Media", "News_Media"), ("AI/Learning", "AI_Learning"), ("Data", "Data")]
)
def test_a_category_is_a_folder(text: str, folder: str) -> None:
    assert standardize_category(text) == folder


def test_a_long_name_is_cut_on_the_left() -> None:
    name = function_name("a" * 70, "tool")

    assert (len(name), name[-9:]) == (64, "_for_tool")
