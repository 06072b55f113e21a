"""A model for the made-up data: right about half the time, always the same answer to the same prompt."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any

# How a prompt of a data set without options is known, and the right answer to it.
_SOLUTIONS: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r"Ann has (\d+) apples and buys (\d+)", lambda found: f"#### {int(found[1]) + int(found[2])}"),
    (r"What is \$(\d+)\+\d+\$", lambda found: f"It is $\\boxed{{{2 * int(found[1])}}}$."),
    (r"(\d+) \+ (\d+)\?", lambda found: f"The answer is {int(found[1]) + int(found[2])}"),
    (r"old (\d+) and fed the", lambda _: "dog"),
    (r"who wrote book (\d+)", lambda found: f"Author {found[1]}"),
    (r"Which town is number (\d+)", lambda found: f"Town {found[1]}"),
    (r"他住在哪里(\d+)", lambda found: f"答案是城市{found[1]}"),
    (r"Anna (\d+) met Bob", lambda found: f"Anna {found[1]}"),
    (r"Rain fell on town (\d+)", lambda found: f"Rain fell on town {found[1]}."),
    (r"今天第(\d+)号城市", lambda found: f"第{found[1]}号城市大雨"),
    (r"Question: Is (\d+) odd", lambda found: f"So the answer is {'no' if int(found[1]) % 2 == 0 else 'yes'}."),
    (
        r"a function that adds (\d+)",
        lambda found: f"[BEGIN]\n def add_{found[1]}(x):\n    return x + {found[1]}\n[DONE]",
    ),
)
_OPTIONS = ("A", "B", "C", "D")
# OpenCompass runs the real tests of HumanEval, whatever the data say: this passes those of HumanEval/53 alone.
_HUMANEVAL = "```python\ndef add(x, y):\n    return x + y\n```"


def answer(body: Mapping[str, Any]) -> str:
    """Return an answer to a request, for a fake server."""
    prompt = str(body["messages"][-1]["content"] if "messages" in body else body["prompt"])
    if "def made_up_" in prompt:
        return _HUMANEVAL
    luck = zlib.crc32(prompt.encode())
    for pattern, solve in _SOLUTIONS:
        # The last match is the question; those before it are worked examples.
        if found := list(re.finditer(pattern, prompt)):
            return solve(found[-1]) if luck % 2 else "I do not know."
    return _OPTIONS[luck % 3]
