"""Texts that end an answer, found in tokens that are bytes, pieces of a sentence model, or special."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.native.evaluator.models.stops import StopTexts

SPECIAL = 256


def as_bytes(tokens: Sequence[int]) -> str:
    """Return the text of tokens that are bytes; those from 256 on are special."""
    return bytes(token for token in tokens if token < SPECIAL).decode("utf-8", "replace")


def as_pieces(tokens: Sequence[int]) -> str:
    """Return the text as a sentence model has it: a blank in front of each word, dropped at the beginning."""
    words = ["Yes", "no", "stop"]
    return "".join(f" {words[token]}" for token in tokens)[1:]


def ends_at(stops: StopTexts, tokens: Sequence[int]) -> int | None:
    return next((count for count in range(1, len(tokens) + 1) if stops.found(tokens[:count])), None)


@pytest.mark.parametrize("stop", ["\n\n", "Q:", "。", "答案", " "])
def test_an_answer_ends_with_the_token_that_completes_a_stop_text(stop: str) -> None:
    tokens = list(f"Both are it{stop} and more".encode())
    before = tokens.index(stop.encode()[0]) if stop == " " else len(b"Both are it")

    assert ends_at(StopTexts([stop], as_bytes), tokens) == before + len(stop.encode())


@given(
    text=st.text("ab Q:é。\n", max_size=30), stops=st.lists(st.text("ab Q:é。\n", min_size=1, max_size=4), min_size=1)
)
def test_a_stop_text_is_found_as_soon_as_the_whole_text_holds_it(text: str, stops: list[str]) -> None:
    tokens = list(text.encode())
    expected = next(
        (count for count in range(1, len(tokens) + 1) if any(stop in as_bytes(tokens[:count]) for stop in stops)),
        None,
    )

    assert ends_at(StopTexts(stops, as_bytes), tokens) == expected


def test_a_blank_that_the_decoder_drops_is_seen_where_it_stands() -> None:
    assert ends_at(StopTexts(["Yes stop"], as_pieces), [1, 0, 2]) == 3
    assert ends_at(StopTexts([" no"], as_pieces), [1, 1]) == 2


def test_a_special_token_inside_a_stop_text_hides_nothing() -> None:
    assert ends_at(StopTexts(["ab"], as_bytes), [*b"xa", SPECIAL, *b"b"]) == 4


def test_what_stands_before_the_first_stop_text_is_the_answer() -> None:
    stops = StopTexts(["B", "A"], as_bytes)

    assert stops.cut("xyAzB") == "xy"
    assert stops.cut("xyz") == "xyz"


def test_without_stop_texts_nothing_is_decoded() -> None:
    def never(_: Sequence[int]) -> str:
        raise AssertionError

    assert not StopTexts([], never).found([1])
