"""Tell an answer from the reasoning that a model writes in front of it between tags of its own."""

from __future__ import annotations

import re

_NAMES = "think|thinking|thought|thoughts|reasoning"
# Those of most models, of OpenThinker, of Magistral and of Kimi.
_STARTS = rf"<(?:{_NAMES})>|<\|begin_of_thought\|>|\[THINK\]|\u25c1think\u25b7"
_ENDS = rf"</(?:{_NAMES})>|<\|end_of_thought\|>|\[/THINK\]|\u25c1/think\u25b7"
_TAG = re.compile(rf"(?P<start>{_STARTS})|{_ENDS}", re.IGNORECASE)


def without_thoughts(text: str) -> str:
    """Return an answer without its reasoning blocks; nothing is left of one that never stopped thinking."""
    kept: list[str] = []
    thinking, place = False, 0
    for tag in _TAG.finditer(text):
        if tag["start"] and not thinking:
            kept.append(text[place : tag.start()])
        elif not tag["start"] and not thinking:  # the opening tag was part of the prompt
            kept.clear()
        thinking, place = tag["start"] is not None, tag.end()
    return "".join(kept) + ("" if thinking else text[place:])
