"""From the progress of works to what is sent: one object at the end, or a stream of events on the way."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from adapters.native.server import wire
from adapters.native.server.answer import Answer, Piece, Whole, joined
from adapters.native.server.desk import Desk
from adapters.native.server.prepare import Prepared
from adapters.native.server.spelling import Spelling
from adapters.native.server.toolcalls import Said, parse
from adapters.native.server.vocabulary import Vocabulary


@dataclass(frozen=True)
class Replier:
    """Answers prepared requests by the works of a desk; `model`: its name in answers."""

    desk: Desk
    vocabulary: Vocabulary
    model: str

    async def whole(self, prepared: Prepared) -> wire.Body:
        """Return the one object."""
        head, answers = self._head(prepared), self._answers(prepared)
        pieces: list[list[Piece]] = [[] for _ in answers]
        async with aclosing(self._pieces(prepared, answers)) as arriving:
            async for piece in arriving:
                pieces[piece.index].append(piece)
        choices = [_choice(head, prepared, joined(parts)) for parts in pieces]
        return wire.whole(head, choices, _usage(prepared, answers))

    async def events(self, prepared: Prepared, *, with_usage: bool) -> AsyncGenerator[bytes, None]:
        """Yield a stream's events: choices as they come, the usage where asked for, and [DONE]."""
        head, answers = self._head(prepared), self._answers(prepared)
        streams = [_Stream(head, prepared, index) for index in range(len(answers))]
        more: dict[str, Any] = {"usage": None} if with_usage else {}
        async with aclosing(self._pieces(prepared, answers)) as arriving:
            async for piece in arriving:
                parts = [wire.event(wire.chunk(head, part, more)) for part in streams[piece.index].parts(piece)]
                if parts:
                    yield b"".join(parts)
        if with_usage:
            yield wire.event(wire.chunk(head, None, {"usage": _usage(prepared, answers)}))
        yield wire.DONE

    async def _pieces(self, prepared: Prepared, answers: Sequence[Answer]) -> AsyncGenerator[Piece, None]:
        with self.desk.take(prepared.works) as taken:
            while taken.open:
                number, progress = await taken.next()
                piece = answers[number].take(progress)
                if piece.reason is not None:
                    taken.drop(number)
                yield piece

    def _answers(self, prepared: Prepared) -> list[Answer]:
        decode = partial(self.vocabulary.decode, specials=bool(prepared.calls))
        return [
            Answer(index, Spelling(decode, prepared.stops), prepared.begun) for index in range(len(prepared.works))
        ]

    def _head(self, prepared: Prepared) -> wire.Head:
        return wire.Head(
            kind=prepared.kind,
            id=uuid.uuid4().hex[:24],
            created=int(time.time()),
            model=self.model,
            spell=self.vocabulary.spell,
            with_logprobs=prepared.with_logprobs,
            with_prompt_logprobs=prepared.with_prompt_logprobs,
            echoes=prepared.echoes is not None,
        )


class _Stream:
    """One choice of a stream: its parts in order, a completion's prompt first, a conversation's calls last.

    Where there are tools nothing is sent before the answer is whole: only then is it known what of it is a call.
    """

    def __init__(self, head: wire.Head, prepared: Prepared, index: int) -> None:
        self._head = head
        self._prepared = prepared
        self._index = index
        self._pieces: list[Piece] = []
        self._begun = False
        self._offset = 0

    def parts(self, piece: Piece) -> Iterator[wire.Body]:
        """Yield what is to be sent now that a piece came."""
        if not self._begun:
            self._begun = True
            if self._head.kind == "chat":
                yield wire.first_delta(self._index)
            elif self._prepared.echoes is not None:
                piece = replace(piece, text=self._prepared.echoes[self._index] + piece.text)
        if self._prepared.calls:
            yield from self._called(piece)
        elif piece.text or piece.scored or piece.prompt:
            yield wire.delta(self._head, replace(piece, reason=None), self._offset)
            self._offset += len(piece.text)
        if piece.reason is not None and not self._prepared.calls:
            yield wire.end(self._head.kind, self._index, piece.reason)

    def _called(self, piece: Piece) -> Iterator[wire.Body]:
        self._pieces.append(piece)
        if piece.reason is None:
            return
        answer, said = _parsed(self._prepared, joined(self._pieces))
        if answer.text or answer.scored:
            yield wire.delta(self._head, Piece(answer.index, answer.text, answer.scored, answer.prompt), 0)
        yield from wire.call_deltas(self._head, self._index, said.calls, legacy=self._prepared.legacy)
        yield wire.end("chat", self._index, answer.reason)


def _choice(head: wire.Head, prepared: Prepared, answer: Whole) -> wire.Body:
    answer, said = _parsed(prepared, answer)
    echo = prepared.echoes[answer.index] if prepared.echoes is not None else ""
    return wire.choice(head, answer, echo, said.calls, legacy=prepared.legacy)


def _parsed(prepared: Prepared, answer: Whole) -> tuple[Whole, Said]:
    """Return an answer with its calls taken out of its text."""
    if not prepared.calls:
        return answer, Said(answer.text)
    said = parse(answer.text, prepared.names)
    if said.calls:
        answer = replace(answer, reason=prepared.calls)
    return replace(answer, text=said.text), said


def _usage(prepared: Prepared, answers: Sequence[Answer]) -> wire.Body:
    return wire.usage(prepared.prompt_tokens, sum(answer.count for answer in answers))
