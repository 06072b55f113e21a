from hypothesis import given
from hypothesis import strategies as st

from hub.mock.tokens import Finished, count, finish, split


@given(text=st.text())
def test_the_tokens_of_a_text_are_the_text(text: str) -> None:
    assert "".join(split(text)) == text
    assert len(split(text)) == count(text)


def test_words_keep_the_blank_before_them() -> None:
    assert split("The answer: 42!") == ["The", " answer", ":", " 42", "!"]


def test_a_stop_text_beyond_max_tokens_is_not_reached() -> None:
    assert finish("a b c stop", ["stop"], 2) == Finished(("a", " b"), "length")
    assert finish("a b stop c", [" stop"], 2) == Finished(("a", " b"), "stop")
