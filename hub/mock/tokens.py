"""Tokens as the mock counts them: words, punctuation and white space, about what a real tokenizer makes of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

# Lossless: joined, the tokens are the text. A long run of letters (or of CJK, which has no blanks) is several tokens.
_TOKEN = re.compile(r"\s?\w{1,8}|\s?[^\w\s]{1,4}|\s+")
IMAGE_TOKENS = 256


class Finished(NamedTuple):
    """An answer as far as it is given, and why it ends there."""

    tokens: tuple[str, ...]
    reason: Literal["stop", "length"]


def split(text: str) -> list[str]:
    """Return the tokens of a text."""
    return _TOKEN.findall(text)


def count(text: str) -> int:
    """Return the number of tokens of a text."""
    return len(_TOKEN.findall(text))


def finish(text: str, stops: Sequence[str], max_tokens: int | None) -> Finished:
    """Cut a text before the first stop text, and after `max_tokens`."""
    found = [place for place in (text.find(stop) for stop in stops) if place >= 0]
    tokens = split(text[: min(found)] if found else text)
    if max_tokens is not None and len(tokens) > max_tokens:
        return Finished(tuple(tokens[:max_tokens]), "length")
    return Finished(tuple(tokens), "stop")
