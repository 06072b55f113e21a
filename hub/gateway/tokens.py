"""How many tokens an answer took: as its upstream counted, or reckoned where nobody counted yet. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_MARK = b'"usage"'
# The lookbehind leaves out the same word inside an answer's text, where the quotes are escaped.
_BEGIN = re.compile(rb'(?<!\\)"usage"\s*:\s*\{')
_MOST_OF_ONE_COUNT = 4096  # bytes of a usage object
_BYTES_PER_TOKEN = 4  # of English text, roughly
_TOKENS_OF_A_PICTURE = 1000
_TOKENS_OF_AN_ANSWER = 512  # where a request does not say how long it may be
_DECODER = json.JSONDecoder()


class Usage(NamedTuple):
    """Tokens of a request and of its answer."""

    tokens_in: int
    tokens_out: int

    @property
    def total(self) -> int:
        """Return both together."""
        return self.tokens_in + self.tokens_out


def usage_of(body: bytes) -> Usage | None:
    """Return what an upstream counted: `body` is JSON, or one or more whole lines of a stream.

    The last count of a stream is taken: some servers count with every event. None where there is no count.
    """
    place = len(body)
    while (place := body.rfind(_MARK, 0, place)) >= 0:
        begin = _BEGIN.match(body, place)
        if begin and (usage := _counted(body[begin.end() - 1 : begin.end() + _MOST_OF_ONE_COUNT])):
            return usage
    return None


def usage_in(found: object) -> Usage | None:
    """Return what a `usage` object says, None where it says nothing."""
    if not isinstance(found, dict) or "prompt_tokens" not in found:
        return None
    tokens_in, total = _whole(found["prompt_tokens"]), _whole(found.get("total_tokens"))
    # Embeddings have no answer to count.
    return Usage(tokens_in, _whole(found.get("completion_tokens", max(total - tokens_in, 0))))


def reckoned(text: int) -> int:
    """Return the tokens of so many bytes of text."""
    return -(-text // _BYTES_PER_TOKEN)


def expected(fields: Mapping[str, object]) -> Usage:
    """Return the most that a request may take, reckoned before it is sent."""
    asked = fields.get("messages", fields.get("prompt", fields.get("input")))
    tokens_in = sum(_parts(asked)) + sum(_parts(fields.get("tools")))
    if "input" in fields:
        return Usage(tokens_in, 0)
    longest = _whole(fields.get("max_completion_tokens")) or _whole(fields.get("max_tokens"))
    answers = max(_whole(fields.get("n")), _whole(fields.get("best_of")), 1)
    return Usage(tokens_in, (longest or _TOKENS_OF_AN_ANSWER) * answers)


def _counted(text: bytes) -> Usage | None:
    try:
        found, _ = _DECODER.raw_decode(text.decode(errors="replace"))
    except (ValueError, RecursionError):
        return None
    return usage_in(found)


def _whole(value: object) -> int:
    return max(value, 0) if isinstance(value, int) and not isinstance(value, bool) else 0


def _parts(value: object) -> Iterator[int]:
    """Yield the tokens of each text, picture, and token in what a request asks."""
    pending = [value]
    while pending:
        match pending.pop():
            case str(text):
                yield reckoned(len(text))
            case {"type": "image_url" | "input_audio" | "file" | "video_url"}:
                yield _TOKENS_OF_A_PICTURE
            case dict(members):
                pending += members.values()
            case list(items):
                pending += items
            case int():
                yield 1
