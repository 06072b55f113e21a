"""Read one step of an agent out of its text: a call of a tool, an answer, or giving up.

The text is ReAct's (Yao et al. 2023, arXiv:2210.03629) as ToolBench writes it: `Thought: ... Action: ... Action
Input: {...}`; an action `Finish` ends the conversation. The rules are those of Eval-Scope (llmuses 0.4.3).
"""

from __future__ import annotations

import json
from typing import Literal, NamedTuple

Plan = Literal["call", "finish", "give up"]

FINISH = "Finish"
NO_ACTION = "none"
_NO_ANSWER = "None"
_BLANK = frozenset({"", ".", ","})
_ACTION, _INPUT = "Action:", "Action Input:"


class Step(NamedTuple):
    """What an agent does next.

    Attributes:
        action: the tool's name; `none` where the text names none, None where it gives up.
        arguments: the text that should be JSON; None where it gives up.
        answer: the final answer; None unless it finishes.
    """

    plan: Plan
    action: str | None
    arguments: str | None
    answer: str | None = None


class NotJsonError(ValueError):
    """A text is no JSON."""


def parse(text: str) -> Step:
    """Return the step that a text describes: of several actions the last; a text without any is a call of `none`."""
    arguments = text.rpartition(_INPUT)[2].strip() if _INPUT in text else "{}"
    action = text.rpartition(_ACTION)[2].partition(_INPUT)[0].strip() if _ACTION in text else NO_ACTION
    return _end(arguments) if action == FINISH else Step("call", action, arguments)


def _end(arguments: str) -> Step:
    """Return how a `Finish` ends: with an answer, else (arguments that cannot be read, too) by giving up."""
    try:
        given = read_json(arguments)
    except NotJsonError:
        given = None
    if not isinstance(given, dict) or given.get("return_type") != "give_answer":
        return Step("give up", None, None)
    answer = str(given.get("final_answer", _NO_ANSWER))
    return Step("finish", FINISH, arguments, _NO_ANSWER if answer.strip() in _BLANK else answer)


def read_json(text: str) -> object:
    """Return what a text holds.

    Raises:
        NotJsonError: no JSON, or JSON with something around it.
    """
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotJsonError(str(error)) from error
    return found
