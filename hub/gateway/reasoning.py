"""Telling a model's reasoning, <think>...</think>, from its answer, in a text that comes in pieces. Pure.

What stands before a </think> that nothing opened is reasoning, too: some templates open it in the prompt. So nothing
of an answer is certain before its first mark or its end, and is held back until then.
"""

from __future__ import annotations

from typing import Literal

_OPEN, _CLOSE = "<think>", "</think>"
_SOUGHT = {"unsure": (_OPEN, _CLOSE), "thinking": (_CLOSE,), "answering": (_OPEN,)}


class Stripper:
    """Takes the reasoning out of one text, and the white space that then leads it.

    Later blocks are taken out like the first. A </think> that ends none of these is part of the answer.
    """

    def __init__(self) -> None:
        """Begin a text."""
        self._state: Literal["unsure", "thinking", "answering"] = "unsure"
        self._held = ""
        self._leading = True  # nothing of the answer was told yet

    def feed(self, text: str) -> str:
        """Take what came and return what is of the answer for certain."""
        self._held += text
        told = ""
        while mark := self._next_mark():
            before, _, self._held = self._held.partition(mark)
            told += before if mark == _OPEN else ""
            self._state = "thinking" if mark == _OPEN else "answering"
        if self._state != "unsure":
            certain, self._held = _certain(self._held, *_SOUGHT[self._state])
            told += certain if self._state == "answering" else ""
        return self._lead(told)

    def finish(self) -> str:
        """Return what was held back, of a text that has ended."""
        held, self._held = self._held, ""
        if self._state == "unsure":
            return held
        return self._lead(held) if self._state == "answering" else ""

    def _next_mark(self) -> str:
        found = [(self._held.index(mark), mark) for mark in _SOUGHT[self._state] if mark in self._held]
        return min(found)[1] if found else ""

    def _lead(self, text: str) -> str:
        text = text.lstrip() if self._leading else text
        self._leading = self._leading and not text
        return text


def strip_text(text: str) -> str:
    """Return a whole text without its reasoning; the same one where it has none."""
    stripper = Stripper()
    return stripper.feed(text) + stripper.finish()


def _certain(text: str, mark: str) -> tuple[str, str]:
    """Split off what may be the beginning of `mark` at the end of `text`."""
    length = next((size for size in range(len(mark) - 1, 0, -1) if text.endswith(mark[:size])), 0)
    return text[: len(text) - length], text[len(text) - length :]
