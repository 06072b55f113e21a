"""Find the texts that end an answer while its tokens come one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Decode = Callable[[Sequence[int]], str]

# A token has at least one byte; further ones in front complete a cut character, and a blank that a decoder drops.
_MARGIN = 8
_PARTIAL = "\N{REPLACEMENT CHARACTER}"


class StopTexts:
    """The stop texts of a request; `decode` leaves special tokens out."""

    def __init__(self, texts: Sequence[str], decode: Decode) -> None:
        """Keep both; nothing is decoded yet."""
        self._texts = tuple(texts)
        self._decode = decode
        self._window = max((len(text.encode("utf-8", "replace")) for text in texts), default=0) + _MARGIN
        # What a decoder does with a blank at an edge cannot be seen in a single token.
        self._always = any(text[-1].isspace() for text in texts)
        self._last = {text[-1] for text in texts}
        self._may_end: dict[int, bool] = {}

    def found(self, tokens: Sequence[int]) -> bool:
        """Return whether the newest token completes one of the texts."""
        if not self._texts or not self._may_complete(tokens[-1]):
            return False
        newest = self._decode(tokens[-self._window :])
        # The text of a part may differ at its beginning from that part of the text.
        return self._holds(newest) and self._holds(self._decode(tokens))

    def cut(self, text: str) -> str:
        """Return what stands before the first of the texts."""
        places = [place for stop in self._texts if (place := text.find(stop)) >= 0]
        return text[: min(places)] if places else text

    def _holds(self, text: str) -> bool:
        return any(stop in text for stop in self._texts)

    def _may_complete(self, token: int) -> bool:
        """Return whether a token's own text has the last character of a stop text, or part of a character."""
        if token not in self._may_end:
            text = self._decode([token])
            self._may_end[token] = self._always or _PARTIAL in text or not self._last.isdisjoint(text)
        return self._may_end[token]
