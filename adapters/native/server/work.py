"""What the model's side of the server is asked for, and what it says: token ids and numbers, no texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

Reason = Literal["stop", "length"]


class Scored(NamedTuple):
    """A token, its log-probability (None: not computed, or nothing precedes it) and the likeliest in its place."""

    token: int
    logprob: float | None = None
    top: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True)
class Work:
    """One answer that is to be computed.

    Attributes:
        tokens: the prompt, at least one token.
        room: how many tokens the answer may have; 0 where only the prompt is scored.
        parameters: temperature, top_p, top_k, repetition_penalty, seed; empty: the likeliest token each time.
        name: with the seed it names the stream from which the answer is drawn.
        top: how many of the likeliest tokens are told beside each of the answer's; None: no log-probabilities.
        prompt_top: the same for the prompt's tokens.
        inputs: what goes with the prompt, such as pictures; None: nothing.
    """

    tokens: tuple[int, ...]
    room: int
    parameters: Mapping[str, Any] = field(default_factory=dict)
    name: str = "0"
    top: int | None = None
    prompt_top: int | None = None
    inputs: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Progress:
    """What a step brought for one work.

    Attributes:
        key: the work's.
        prompt: the prompt's tokens, where they were to be scored.
        tokens: the answer's new tokens; one that ends answers is not among them.
        reason: why the answer is whole; None while it is not.
        error: why there will be none; nothing follows.
    """

    key: int
    prompt: tuple[Scored, ...] = ()
    tokens: tuple[Scored, ...] = ()
    reason: Reason | None = None
    error: str = ""

    @property
    def ended(self) -> bool:
        """Return whether nothing follows."""
        return self.reason is not None or bool(self.error)


class Engine(Protocol):
    """Computes many answers side by side; used by one thread alone."""

    def add(self, key: int, work: Work) -> None:
        """Take a work under a number of its own."""

    def cancel(self, key: int) -> None:
        """Forget a work; one that ended or was never there is no error."""

    def step(self) -> Sequence[Progress]:
        """Compute a little for the works that are there, and return what came of it; nothing where there are none."""
