"""An answer under way: what was asked, what has been generated, and what ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal, NamedTuple

from adapters.native.evaluator.models.checkpoint import Checkpoint
from adapters.native.evaluator.models.decoding import decoding
from adapters.native.evaluator.models.sampling import Chooser, chooser, chosen
from adapters.native.evaluator.models.stems import Beginning
from adapters.native.evaluator.models.stops import StopTexts


class Answer(NamedTuple):
    """What came of a request.

    Attributes:
        tokens: what was generated, without the token that ended it.
        text: without special tokens, and without the stop text and what stands behind it.
        reason: `stop` = an end token or a stop text; `length` = max_tokens, or the model's context is full.
    """

    tokens: tuple[int, ...]
    text: str
    reason: Literal["stop", "length"]


OnStart = Callable[[], None]
OnLogits = Callable[[Any], None]
OnToken = Callable[[int], None]
OnEnd = Callable[[Answer], None]


@dataclass(frozen=True)
class Prompt:
    """A request in tokens.

    Attributes:
        name: decides what is drawn, together with the seed.
        tokens: fewer than the model's context holds.
        parameters: temperature, max_tokens, top_p, top_k, repetition_penalty, stop, seed; None is the default.
        on_end: told the answer.
        on_token: told every token of the answer but the one that ends it.
        on_start: told when the prompt has waited for its place and is about to be computed.
        inputs: what the model is given besides, such as pictures; it is then computed by itself. None: nothing.
        on_logits: told the logits (1 x vocabulary) from which each token is chosen, before the token.
    """

    name: str
    tokens: tuple[int, ...]
    parameters: Mapping[str, Any]
    on_end: OnEnd
    on_token: OnToken | None = None
    on_start: OnStart | None = None
    on_logits: OnLogits | None = None
    inputs: Mapping[str, Any] | None = None


@dataclass
class UnderWay:
    """A prompt and its answer so far.

    Attributes:
        room: how many tokens the answer may have.
        beginning: what the prompt shares with others, where that is known.
    """

    ticket: int
    prompt: Prompt
    room: int
    chooser: Chooser
    stops: StopTexts
    ends: frozenset[int]
    decode: Callable[[Sequence[int]], str]
    answer: list[int] = field(default_factory=list)
    beginning: Beginning | None = None

    def __len__(self) -> int:
        """Return how many tokens there are, the prompt's with the answer's."""
        return len(self.prompt.tokens) + len(self.answer)

    def __iter__(self) -> Iterator[int]:
        """Return prompt and answer."""
        return chain(self.prompt.tokens, self.answer)

    def start(self) -> None:
        """Call back if this is the first time that the prompt is computed."""
        if self.prompt.on_start is not None and not self.answer:
            self.prompt.on_start()

    def take(self, token: int) -> Answer | None:
        """Return the answer if `token` ends it; else the token is one more of it."""
        if token in self.ends:
            return self._whole("stop")
        self.answer.append(token)
        if self.stops.found(self.answer):
            return self._whole("stop")
        return self._whole("length") if len(self.answer) >= self.room else None

    def tell(self, token: int, answer: Answer | None) -> None:
        """Call back with what `take` made of a token."""
        if self.prompt.on_token is not None and token not in self.ends:
            self.prompt.on_token(token)
        if answer is not None:
            self.prompt.on_end(answer)

    def _whole(self, reason: Literal["stop", "length"]) -> Answer:
        return Answer(tuple(self.answer), self.stops.cut(self.decode(self.answer)), reason)


def under_way(checkpoint: Checkpoint, prompt: Prompt, ticket: int) -> UnderWay:
    """Return the answer to a prompt, still empty."""
    asked, context = decoding(prompt.parameters), checkpoint.context

    def decode(tokens: Sequence[int]) -> str:
        return str(checkpoint.tokenizer.decode(list(tokens), skip_special_tokens=True))

    return UnderWay(
        ticket=ticket,
        prompt=prompt,
        room=asked.max_tokens if context is None else min(asked.max_tokens, context - len(prompt.tokens)),
        chooser=chooser(asked, prompt.name),
        stops=StopTexts(asked.stop, decode),
        ends=answer_ends(checkpoint),
        decode=decode,
    )


def next_tokens(logits: Any, rows: Sequence[UnderWay]) -> list[int]:
    """Return the token that is chosen for every row from its logits."""
    for place, row in enumerate(rows):
        if row.prompt.on_logits is not None:
            row.prompt.on_logits(logits[place : place + 1])
    return chosen(logits, [row.chooser for row in rows], lambda place: rows[place])


def answer_ends(checkpoint: Checkpoint) -> frozenset[int]:
    """Return the tokens that end an answer: the checkpoint's own (a chat model has several) and the tokenizer's."""
    own = checkpoint.model.generation_config.eos_token_id
    listed = own if isinstance(own, list) else [own]
    return frozenset(int(token) for token in (*listed, checkpoint.tokenizer.eos_token_id) if token is not None)
