"""A prompt as chat messages of plain text, whatever the backend wrote it as."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from hub.text import show_size

_URL_SHOWN = 120


class Message(NamedTuple):
    """One message; the role of a prompt that is no chat is ""."""

    role: str
    text: str


def chat(prompt: str | Iterable[dict[str, Any]]) -> list[Message]:
    """Return the prompt's messages; parts that are no text become a line that says what they are."""
    if isinstance(prompt, str):
        return [Message("", prompt)] if prompt else []
    return [Message(str(message.get("role", "")), _text(message)) for message in prompt]


def _text(message: dict[str, Any]) -> str:
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    words = [_part(part) for part in parts if part is not None]
    others = {name: value for name, value in message.items() if name not in {"role", "content"} and value}
    return "\n".join(words + [f"{name}: {_json(value)}" for name, value in others.items()])


def _part(part: Any) -> str:
    match part:
        case str():
            return part
        case {"type": "text", "text": str(text)}:
            return text
        case {"type": "image_url", "image_url": {"url": str(url)} | str(url)}:
            return f"[image: {_address(url)}]"
        case _:
            return _json(part)


def _address(url: str) -> str:
    """Return a short form of an address: data inside it is said in bytes, and nothing is ever loaded from it."""
    head, found, data = url.partition(",")
    if head.startswith("data:") and found:
        return f"{head.removeprefix('data:').partition(';')[0] or 'data'}, {show_size(len(data) * 3 // 4)}"
    return url if len(url) <= _URL_SHOWN else f"{url[:_URL_SHOWN]}..."


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
