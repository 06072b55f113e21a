"""One answer while it is made: tokens become text, a stop text ends it, log-probabilities go with their text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from adapters.native.server.spelling import Spelling
from adapters.native.server.work import Progress, Scored

Ending = Literal["stop", "length", "tool_calls", "function_call"]


@dataclass(frozen=True)
class Piece:
    """What came of an answer since the piece before; `reason`: why it ends, None while it does not."""

    index: int
    text: str = ""
    scored: tuple[Scored, ...] = ()
    prompt: tuple[Scored, ...] = ()
    reason: Ending | None = None


class Answer:
    """Takes what the engine says of one work and gives pieces; `count` is how many tokens were generated."""

    def __init__(self, index: int, spelling: Spelling, begun: str = "") -> None:
        """Begin; `begun`: what the answer begins with that the model did not write."""
        self._index = index
        self._begun = begun
        self._spelling = spelling
        self._waiting: list[tuple[int, Scored]] = []  # where a token's text begins, and the token
        self.count = 0

    def take(self, progress: Progress) -> Piece:
        """Return what is certain now."""
        text = "".join(self._token(scored) for scored in progress.tokens if not self._spelling.stopped)
        reason = "stop" if self._spelling.stopped else progress.reason
        if reason:
            text += self._spelling.end()
            reason = "stop" if self._spelling.stopped else reason
        scored = self._told() if text or reason else ()
        begun, self._begun = self._begun, ""
        return Piece(self._index, begun + text, scored, progress.prompt, reason)

    def _token(self, scored: Scored) -> str:
        self._waiting.append((self._spelling.length, scored))
        self.count += 1
        return self._spelling.add(scored.token)

    def _told(self) -> tuple[Scored, ...]:
        """Return the waiting tokens, those left out that begin where the answer was cut."""
        cut = self._spelling.length if self._spelling.stopped else None
        told = tuple(scored for start, scored in self._waiting if cut is None or start < cut)
        self._waiting.clear()
        return told


@dataclass(frozen=True)
class Whole:
    """A whole answer."""

    index: int
    text: str
    scored: tuple[Scored, ...]
    prompt: tuple[Scored, ...]
    reason: Ending


def joined(pieces: Sequence[Piece]) -> Whole:
    """Return the answer whose pieces these are."""
    return Whole(
        index=pieces[0].index,
        text="".join(piece.text for piece in pieces),
        scored=tuple(scored for piece in pieces for scored in piece.scored),
        prompt=tuple(scored for piece in pieces for scored in piece.prompt),
        reason=pieces[-1].reason or "stop",
    )
