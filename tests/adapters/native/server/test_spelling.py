"""Pieces of text are whole characters, never hold a stop text, and are together what the tokens say."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from adapters.native.server.spelling import Spelling


def from_bytes(tokens: Sequence[int]) -> str:
    """Decode byte by byte, as byte-level tokenizers do."""
    return bytes(tokens).decode("utf-8", "replace")


def from_words(tokens: Sequence[int]) -> str:
    """Decode words that begin with a blank, dropped at the very beginning, as SentencePiece does."""
    return "".join(f" w{token}" for token in tokens).removeprefix(" ")


def pieces(spelling: Spelling, tokens: Sequence[int]) -> list[str]:
    return [*(spelling.add(token) for token in tokens), spelling.end()]


def test_half_a_character_waits_for_its_other_half() -> None:
    assert pieces(Spelling(from_bytes), "aé你".encode()) == ["a", "", "é", "", "", "你", ""]


def test_half_a_character_at_the_end_is_told_as_broken() -> None:
    assert pieces(Spelling(from_bytes), "aé".encode()[:2]) == ["a", "", "\N{REPLACEMENT CHARACTER}"]


def test_blanks_between_words_survive_a_decoder_that_drops_the_first() -> None:
    assert pieces(Spelling(from_words), [1, 2, 3]) == ["w1", " w2", " w3", ""]


def test_what_may_become_a_stop_text_is_held_back_until_it_does_not() -> None:
    assert pieces(Spelling(from_bytes, ("abc",)), b"xabxabd") == ["x", "", "", "abx", "", "", "abd", ""]


def test_what_was_held_back_is_told_in_the_end() -> None:
    assert pieces(Spelling(from_bytes, ("abc",)), b"xab") == ["x", "", "", "ab"]


def test_nothing_is_told_from_a_stop_text_on() -> None:
    spelling = Spelling(from_bytes, ("bc", "cd"))

    assert pieces(spelling, b"abcdef") == ["a", "", "", "", "", "", ""]
    assert (spelling.stopped, spelling.length) == (True, 1)


@given(
    st.text(alphabet="abé你", max_size=30), st.lists(st.text(alphabet="abé你", min_size=1, max_size=3), max_size=3)
)
def test_pieces_are_the_text_up_to_its_first_stop(text: str, stops: list[str]) -> None:
    spelling = Spelling(from_bytes, stops)

    told = "".join(pieces(spelling, text.encode()))

    # The stop text that is complete first counts.
    ends = [(text.find(stop) + len(stop), text.find(stop)) for stop in stops if stop in text]
    first = min((end for end, _ in ends), default=None)
    cut = min((start for end, start in ends if end == first), default=len(text))
    assert told == text[:cut]
    assert spelling.length == len(told)
    assert spelling.stopped == bool(ends)
