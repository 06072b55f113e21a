"""The text of an answer as its tokens come: never half a character, and nothing from a stop text on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

_BROKEN = "\N{REPLACEMENT CHARACTER}"


class Spelling:
    """Turns one answer's tokens into pieces of text; what may still become a stop text is held back.

    Only the newest tokens are decoded each time. Some decoders drop a blank at the very beginning, so that the tokens
    of the piece before are decoded with them and taken off again.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str], stops: Sequence[str] = ()) -> None:
        """Begin an answer."""
        self._decode = decode
        self._stops = stops
        self._tokens: list[int] = []
        self._before = 0  # where the tokens of the last piece begin
        self._done = 0  # how many tokens have become text
        self._held = ""
        self.stopped = False
        self.length = 0  # of the text up to here, what is held back included

    def add(self, token: int) -> str:
        """Return what is certain now that a token came; nothing any more once a stop text was met."""
        self._tokens.append(token)
        fresh = self._fresh()
        if not fresh or fresh.endswith(_BROKEN):
            return ""
        return self._take(fresh)

    def end(self) -> str:
        """Return what was held back: the answer is whole."""
        piece = self._take(self._fresh()) + self._held
        self._held = ""
        return piece

    def _fresh(self) -> str:
        if self.stopped:
            return ""
        known = self._decode(self._tokens[self._before : self._done])
        return self._decode(self._tokens[self._before :])[len(known) :]

    def _take(self, fresh: str) -> str:
        if fresh:
            self._before, self._done = self._done, len(self._tokens)
        text = self._held + fresh
        cut = min((place for stop in self._stops if (place := text.find(stop)) >= 0), default=None)
        self.length += len(fresh)
        if cut is not None:
            self.stopped = True
            self.length -= len(text) - cut
            self._held = ""
            return text[:cut]
        keep = max((_overlap(text, stop) for stop in self._stops), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]


def _overlap(text: str, stop: str) -> int:
    """Return how many characters at the end of a text are the beginning of a stop text."""
    longest = min(len(text), len(stop) - 1)
    return next((size for size in range(longest, 0, -1) if text.endswith(stop[:size])), 0)
