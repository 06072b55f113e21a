"""Answers without the model's reasoning: whole ones, and streams, event by event."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import replace
from typing import Any

from hub.gateway.call import Answer, Call, Failure
from hub.gateway.reasoning import Stripper, strip_text

Json = dict[str, Any]


def without_reasoning(call: Call, answer: Answer) -> Answer:
    """Return `answer` without reasoning; all else in it stays, `reasoning_content` too."""
    if answer.failure is not None:
        return answer
    if answer.rest is None:
        return replace(answer, body=strip_whole(answer.body))
    stream = StrippedStream()
    first = replace(answer, body=stream.read(answer.body))
    return first.with_rest(call, _stripped(stream, answer.rest))


def strip_whole(body: bytes) -> bytes:
    """Return a JSON answer without reasoning, byte for byte the same where it has none."""
    if b"think" not in body:
        return body
    found = _object(body)
    changed = [_change_text(choice, strip_text) for choice in _choices(found)]
    return json.dumps(found).encode() if any(changed) else body


class StrippedStream:
    """Takes the reasoning out of a stream of events, of each choice on its own."""

    def __init__(self) -> None:
        """Begin a stream."""
        self._texts: dict[int, Stripper] = {}  # of choices that have not ended
        self._last: Json = {}

    def read(self, lines: bytes) -> bytes:
        """Take whole lines and return them without reasoning."""
        return b"".join(self._read(line) for line in lines.splitlines(keepends=True))

    def finish(self) -> bytes:
        """Return an event with what was held back of choices that nobody said were finished; mostly nothing."""
        left = {index: text for index, stripper in self._texts.items() if (text := stripper.finish())}
        self._texts.clear()
        chat = any("delta" in choice for choice in _choices(self._last))
        choices = [
            {"index": index, "finish_reason": None, **({"delta": {"content": text}} if chat else {"text": text})}
            for index, text in left.items()
        ]
        return _line({**self._last, "choices": choices}, b"\n\n") if choices else b""

    def _read(self, line: bytes) -> bytes:
        if not line.startswith(b"data:"):
            return line
        data = line.removeprefix(b"data:").strip()
        if data == b"[DONE]":
            return self.finish() + line
        event = _object(data)
        changed = [self._strip(choice) for choice in _choices(event)]
        self._last = event if changed else self._last
        return _line(event, line[len(line.rstrip()) :]) if any(changed) else line

    def _strip(self, choice: Json) -> bool:
        index, ends = _index(choice), bool(choice.get("finish_reason"))
        stripper = self._texts.setdefault(index, Stripper())
        if ends:
            del self._texts[index]
        return _change_text(choice, lambda text: stripper.feed(text) + (stripper.finish() if ends else ""))


async def _stripped(
    stream: StrippedStream, rest: AsyncIterator[bytes | Failure]
) -> AsyncGenerator[bytes | Failure, None]:
    async for piece in rest:
        if isinstance(piece, Failure):  # the last piece: of what was held back nobody will know what it was
            yield piece
            return
        yield stream.read(piece)
    if left := stream.finish():
        yield left


def _change_text(choice: Json, strip: Callable[[str], str]) -> bool:
    """Change a choice's text in place and return whether it is another one now."""
    holder = next((choice[name] for name in ("message", "delta") if isinstance(choice.get(name), dict)), None)
    member = "text" if holder is None else "content"
    place = choice if holder is None else holder
    before = place.get(member)
    if not isinstance(before, str | None):
        return False
    after = strip(before or "")
    if after != (before or ""):
        place[member] = after
    return after != (before or "")


def _index(choice: Json) -> int:
    index = choice.get("index")
    return index if isinstance(index, int) else 0


def _choices(found: Json) -> list[Json]:
    choices = found.get("choices")
    return [choice for choice in choices if isinstance(choice, dict)] if isinstance(choices, list) else []


def _object(data: bytes) -> Json:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _line(event: Json, end: bytes) -> bytes:
    return b"data: " + json.dumps(event).encode() + end
