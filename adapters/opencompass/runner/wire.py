"""OpenCompass's prompts as OpenAI's protocol has them, and the answers back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

_ROLES = {"HUMAN": "user", "BOT": "assistant", "SYSTEM": "system"}


class RequestError(Exception):
    """A request came back without an answer; `seen`: the gateway said so itself, and has it in its ledger."""

    def __init__(self, message: str, *, seen: bool = True) -> None:
        """Keep both."""
        super().__init__(message)
        self.seen = seen


def messages_of(prompt: str | Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return the chat turns of a prompt; a text is one turn of the user."""
    if isinstance(prompt, str):
        return [{"role": "user", "content": prompt}]
    return [{"role": _ROLES[turn["role"]], "content": turn["prompt"]} for turn in prompt]


def text_of(prompt: str | Sequence[Mapping[str, str]]) -> str:
    """Return a prompt as one text."""
    return prompt if isinstance(prompt, str) else "\n".join(turn["prompt"] for turn in prompt)


def answer_of(status: int, content: bytes, *, chat: bool) -> str:
    """Return the text of an answer without the blanks around it, as OpenCompass's own models do.

    Raises:
        RequestError: it is an error, or no answer.
    """
    try:
        body = json.loads(content)
        if status != 200:
            raise RequestError(f"HTTP {status}: {body['error']['message']}")
        choice = body["choices"][0]
        text = choice["message"]["content"] if chat else choice["text"]
    except (ValueError, LookupError, TypeError) as error:
        start = content[:200].decode(errors="replace")
        raise RequestError(f"HTTP {status}, not an answer in OpenAI's form: {start}") from error
    return str(text or "").strip()
