"""A prompt as chat messages of text and pictures, whatever the backend wrote it as."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from hub.text import show_size

_URL_SHOWN = 120


class PicturePath(NamedTuple):
    """A picture that is a file below the job's output."""

    path: str


class Message(NamedTuple):
    """One message; the role of a prompt that is no chat is "".

    Attributes:
        text: all of its text.
        parts: text and pictures in their order; empty where there is no picture.
    """

    role: str
    text: str
    parts: tuple[str | PicturePath, ...] = ()


def chat(prompt: str | Iterable[dict[str, Any]]) -> list[Message]:
    """Return the prompt's messages; parts that are no text become a line that says what they are."""
    if isinstance(prompt, str):
        return [Message("", prompt)] if prompt else []
    return [_message(message) for message in prompt]


def pictures_of(prompt: str | Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield the paths of a prompt's pictures that are files of the job's output."""
    for message in () if isinstance(prompt, str) else prompt:
        if isinstance(content := message.get("content"), list):
            yield from (part.path for part in map(_part, content) if isinstance(part, PicturePath))


def _message(message: dict[str, Any]) -> Message:
    content = message.get("content")
    parts = [_part(part) for part in (content if isinstance(content, list) else [content]) if part is not None]
    others = {name: value for name, value in message.items() if name not in {"role", "content"} and value}
    parts += [f"{name}: {_json(value)}" for name, value in others.items()]
    pictured = any(isinstance(part, PicturePath) for part in parts)
    text = "\n".join(part for part in parts if isinstance(part, str))
    return Message(str(message.get("role", "")), text, tuple(parts) if pictured else ())


def _part(part: Any) -> str | PicturePath:
    match part:
        case str():
            return part
        case {"type": "image", "path": str(path)}:
            return PicturePath(path)
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
