from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hub.gateway.reasoning import Stripper, strip_text

texts = st.lists(st.sampled_from(["<think>", "</think>", " ", "\n", "<", "a", "think>", "</", "42"]), max_size=12)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("42", "42"),
        ("<think>6 x 7</think>42", "42"),
        ("<think>6 x 7</think>\n\n 42\n", "42\n"),
        ("\n<think>6 x 7</think>\n42", "42"),
        ("<think></think>42", "42"),
        ("<think>6 x 7", ""),
        ("6 x 7\n</think>\n\n42", "42"),
        ("</think>42", "42"),
        ("Well.\n<think>6 x 7</think> 42", "Well.\n 42"),
        ("<think>a</think>4<think>b</think>2", "42"),
        ("<think>a</think>42<think>b", "42"),
        ("<think>a</think>use </think> to end", "use </think> to end"),
        ("<think>a<think>b</think>42", "42"),
        (" 42 ", " 42 "),
        ("a < b", "a < b"),
        ("<thinking>42", "<thinking>42"),
        ("", ""),
    ],
)
def test_only_the_answer_is_left(said, answer):
    assert strip_text(said) == answer


@given(texts.map("".join), st.lists(st.integers(0, 60), max_size=6))
def test_however_a_text_is_cut_the_same_is_left(text, cuts):
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    stripper = Stripper()

    told = "".join(stripper.feed(text[start:end]) for start, end in pairwise(edges))

    assert told + stripper.finish() == strip_text(text)


@given(texts.map("".join))
def test_nothing_is_left_of_what_was_thought(text):
    assume("</think>" not in text)

    assert strip_text(f"<think>{text}</think>42") == "42"


def test_an_answer_after_its_reasoning_is_told_as_it_comes():
    stripper = Stripper()

    assert [stripper.feed(piece) for piece in ("<thi", "nk>a</think>", "\n4", "2 <", "= 43")] == [
        "",
        "",
        "4",
        "2 ",
        "<= 43",
    ]
