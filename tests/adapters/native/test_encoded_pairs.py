"""Which tokens are the context's and which the continuation's; the tokenizer here makes a token of every word."""

from __future__ import annotations

import re
from typing import Any

from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.models.likelihood import Pair, encode_pairs
from adapters.native.evaluator.request import Likelihood


class Words:
    """A tokenizer in Python: a token is a word with the blank in front of it, as in byte-level BPE."""

    pad_token_id, eos_token_id = 0, None

    def __init__(self) -> None:
        self.known = ["<pad>", "<begin>"]

    def __call__(self, text: str, **_: Any) -> dict[str, list[int]]:
        return {"input_ids": [self._number(word) for word in re.findall(r"\s*\S+|\s+$", text)]}

    def _number(self, word: str) -> int:
        if word not in self.known:
            self.known.append(word)
        return self.known.index(word)

    def texts(self, pair: Pair) -> tuple[str, ...]:
        return tuple("".join(self.known[token] for token in tokens) for tokens in pair)


def encoded(*asked: tuple[str, str], bos: tuple[int, ...] = ()) -> list[tuple[str, ...]]:
    words = Words()
    checkpoint = Checkpoint(None, words, "cpu", chat=False, bos=bos, context=None, batch_tokens=1, batch_rows=1)
    requests = [Likelihood(str(number), context, (text,)) for number, (context, text) in enumerate(asked)]
    return [words.texts(pair) for pairs in encode_pairs(checkpoint, requests) for pair in pairs]


def test_blanks_at_the_end_of_a_context_belong_to_the_continuation() -> None:
    assert encoded(("The sky is ", "blue")) == [("The sky is", " blue")]


def test_what_the_tokenizer_puts_in_front_stands_in_front_of_every_context() -> None:
    assert encoded(("The sky", " is"), bos=(1,)) == [("<begin>The sky", " is")]


def test_an_empty_context_is_one_token_of_padding() -> None:
    assert encoded(("", "The sky")) == [("<pad>", "The sky")]


def test_many_requests_come_in_their_order() -> None:
    asked = [(f"Number {number} is", f" {number}!") for number in range(700)]

    assert encoded(*asked) == asked
