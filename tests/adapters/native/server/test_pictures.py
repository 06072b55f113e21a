"""Turns with pictures as chat templates want them; what is no picture is refused before it is looked at."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.native.server.errors import RefusedError
from adapters.native.server.pictures import pictures, seen_turn
from adapters.native.server.request import Message

PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}


def message(content: Any, role: str = "user") -> Message:
    return Message.model_validate({"role": role, "content": content}, strict=False)


@pytest.mark.parametrize(
    ("content", "turn"),
    [
        ("Hi", [{"type": "text", "text": "Hi"}]),
        (None, [{"type": "text", "text": ""}]),
        (
            [PICTURE, {"type": "text", "text": "?"}, {**PICTURE, "image_url": "data:,"}],
            [{"type": "image"}, {"type": "text", "text": "?"}, {"type": "image"}],
        ),
    ],
)
def test_a_turn_is_a_list_of_texts_and_pictures(content: Any, turn: list[dict[str, str]]) -> None:
    assert seen_turn(message(content)) == {"role": "user", "content": turn}


def test_a_developer_is_the_system_to_a_template() -> None:
    assert seen_turn(message("Be brief.", "developer"))["role"] == "system"


def test_a_part_that_is_neither_is_refused() -> None:
    with pytest.raises(RefusedError, match="not a part of type 'input_audio'"):
        seen_turn(message([{"type": "input_audio"}]))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.com/x.png", "fetches nothing"),
        ("file:///etc/passwd", "fetches nothing"),
        ("data:image/png,AAAA", "fetches nothing"),
        ("data:image/png;base64,?", "not base64"),
    ],
)
def test_only_data_urls_are_read(url: str, words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        pictures([message([{"type": "image_url", "image_url": {"url": url}}])])


def test_a_conversation_without_pictures_has_none() -> None:
    assert pictures([message("Hi"), message([{"type": "text", "text": "?"}])]) == []
