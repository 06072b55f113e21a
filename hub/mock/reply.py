"""A whole answer before it takes a shape on the wire: choices, token by token, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["chat", "text"]
Reason = Literal["stop", "length", "tool_calls", "function_call"]


class Scored(NamedTuple):
    """A token with its log-probability (None: the first of a prompt) and the likeliest tokens in its place."""

    token: str
    logprob: float | None
    top: tuple[tuple[str, float], ...]


class Call(NamedTuple):
    """A call of a function; `arguments` is JSON."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class Choice:
    """One answer.

    Attributes:
        tokens: the text, in pieces; of a completion with `echo`, the prompt's too.
        reason: why it ends.
        calls: functions called instead of a text.
        scored: every token's log-probability, where asked for.
    """

    index: int
    tokens: tuple[str, ...]
    reason: Reason
    calls: tuple[Call, ...] = ()
    scored: tuple[Scored, ...] | None = None

    @property
    def text(self) -> str:
        """Return the whole text."""
        return "".join(self.tokens)


@dataclass(frozen=True)
class Reply:
    """Everything that is said to one request.

    Attributes:
        legacy: calls are written as `function_call`, as before there were tools.
        prompt_tokens, completion_tokens: the usage.
        notes: where each choice's answer comes from, for the log and the summary.
        images: what the request's images are, in words, for the log.
    """

    kind: Kind
    id: str
    model: str
    choices: tuple[Choice, ...]
    prompt_tokens: int
    completion_tokens: int
    legacy: bool = False
    notes: tuple[str, ...] = ()
    images: tuple[str, ...] = ()

    @property
    def longest(self) -> int:
        """Return the number of tokens that a server needs one after another: choices are made side by side."""
        return max((len(choice.tokens) for choice in self.choices), default=0)
