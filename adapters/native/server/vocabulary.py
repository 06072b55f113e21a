"""From texts and turns to tokens and back, by a checkpoint's own tokenizer and chat template."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from jinja2 import TemplateError

from adapters.native.server.errors import RefusedError
from adapters.native.server.request import Message

_CACHED = 1 << 17


class Conversation(NamedTuple):
    """The tokens of a conversation, and what goes with them."""

    tokens: tuple[int, ...]
    inputs: Mapping[str, Any] | None = None


class Vocabulary(Protocol):
    """What the server must know of a tokenizer; `template`: its chat template, empty where it has none."""

    size: int
    template: str

    def encode(self, text: str) -> tuple[int, ...]:
        """Return the tokens of a raw prompt; never none."""

    def chat(
        self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], more: Mapping[str, Any], begun: str
    ) -> Conversation:
        """Return a conversation in tokens.

        Args:
            messages: its turns.
            tools: in the form of chat templates.
            more: what the chat template is told besides.
            begun: what the answer begins with.

        Raises:
            RefusedError: there is no template, or it refuses this.
        """

    def decode(self, tokens: Sequence[int], *, specials: bool = False) -> str:
        """Return the text of tokens; `specials`: with those that are no text of the answer."""

    def spell(self, token: int) -> str:
        """Return the text of one token by itself."""


class TokenizerVocabulary:
    """A tokenizer of transformers; `bos`: what a raw prompt begins with, `padding`: what stands for no prompt."""

    def __init__(self, tokenizer: Any, *, bos: Sequence[int], padding: int, size: int) -> None:
        """Keep the tokenizer."""
        self._tokenizer = tokenizer
        self._bos = tuple(bos)
        self._padding = padding
        self.size = size
        self.template = str(getattr(tokenizer, "chat_template", None) or "")
        self.spell = lru_cache(_CACHED)(self._spell)

    def encode(self, text: str) -> tuple[int, ...]:
        """Return the tokens of a raw prompt; never none."""
        return (*self._bos, *self._plain(text)) or (self._padding,)

    def chat(
        self, messages: Sequence[Message], tools: Sequence[Mapping[str, Any]], more: Mapping[str, Any], begun: str
    ) -> Conversation:
        """Return a conversation in tokens."""
        written = self._written(self._tokenizer, [turn(message) for message in messages], tools, more)
        return Conversation(self._plain(written + begun) or (self._padding,))

    def _written(
        self, template: Any, turns: Sequence[Any], tools: Sequence[Mapping[str, Any]], more: Mapping[str, Any]
    ) -> str:
        """Return what the chat template makes of turns; `template`: a tokenizer, or a processor."""
        if not getattr(template, "chat_template", None):
            raise RefusedError("the model has no chat template: use /v1/completions", param="messages")
        told = {**more, **({"tools": list(tools)} if tools else {})}
        try:
            return str(template.apply_chat_template(turns, tokenize=False, add_generation_prompt=True, **told))
        except (TemplateError, TypeError, ValueError) as error:
            raise RefusedError(f"the model's chat template refuses this: {error}", param="messages") from error

    def decode(self, tokens: Sequence[int], *, specials: bool = False) -> str:
        """Return the text of tokens."""
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=not specials))

    def _spell(self, token: int) -> str:
        return str(self._tokenizer.decode([token]))

    def _plain(self, text: str) -> tuple[int, ...]:
        return tuple(self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])


def turn(message: Message) -> dict[str, Any]:
    """Return a message as chat templates want it: one text, and calls with their arguments as objects."""
    made: dict[str, Any] = {"role": _ROLES.get(message.role, message.role), "content": text_of(message)}
    if message.name:
        made["name"] = message.name
    if message.tool_call_id:
        made["tool_call_id"] = message.tool_call_id
    calls = [call.function for call in message.tool_calls or ()]
    calls += [message.function_call] if message.function_call else []
    if calls:
        made["tool_calls"] = [
            {"type": "function", "function": {"name": call.name, "arguments": _arguments(call.arguments)}}
            for call in calls
        ]
    return made


_ROLES = {"developer": "system", "function": "tool"}


def text_of(message: Message) -> str:
    """Return a message's text; its parts are lines.

    Raises:
        RefusedError: a part is no text.
    """
    if message.content is None or isinstance(message.content, str):
        return message.content or ""
    stranger = next((part.type for part in message.content if part.text is None), None)
    if stranger is not None:
        raise RefusedError(f"the model takes text, not a part of type {stranger!r}", param="messages")
    return "\n".join(part.text or "" for part in message.content)


def _arguments(given: str | dict[str, Any]) -> Any:
    if isinstance(given, dict):
        return given
    try:
        return json.loads(given or "{}")
    except ValueError:
        return given  # the model's own slip in an earlier turn: shown as it was
