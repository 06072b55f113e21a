"""What models are told: agents, and judges. Our own words, under the tag `own`; StableToolBench's from its copy.

Placeholders are written `{name}` and replaced as texts: what is put in may hold braces of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Literal, NamedTuple

from adapters.toolbench.evaluator.ask import Message

Tag = Literal["own", "upstream"]


class Prompts(NamedTuple):
    """All texts.

    Attributes:
        system: of the agent, with {task_description}.
        task: begins the task's description; the list of tools follows.
        finish: describes the function that ends a conversation; final_answer: its parameter.
        diversity: tells a later child of the earlier ones, {previous_candidate}.
        check: asks the judge for a status by {query} and {answer}, the final one.
        parse: asks it for a status by {query} and {answer}, all of it as JSON.
        select: asks it for the better one of {answer_0} and {answer_1} to {query}.
    """

    tag: Tag
    system: str
    task: str
    finish: str
    final_answer: str
    diversity: str
    check: str
    parse: str
    select: str

    @property
    def fingerprint(self) -> str:
        """Return `sha256:` and 16 digits of all texts."""
        return f"sha256:{hashlib.sha256(json.dumps(self).encode()).hexdigest()[:16]}"


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its placeholders replaced, each once: none inside of what is put in."""
    pieces = [text]
    for name, value in values.items():
        pieces = [part for piece in pieces for part in _split(piece, f"{{{name}}}", value)]
    return "".join(pieces)


class _Put(str):
    """What was put in for a placeholder."""

    __slots__ = ()


def _split(piece: str, placeholder: str, value: str) -> list[str]:
    if isinstance(piece, _Put) or placeholder not in piece:
        return [piece]
    found: list[str] = []
    for part in piece.split(placeholder):
        found += [part, _Put(value)]
    return found[:-1]


def opening(prompts: Prompts, query: str, tools: Mapping[str, str]) -> list[Message]:
    """Return the conversation before the model says anything."""
    listed = "".join(f"{number}.{name}: {said}\n" for number, (name, said) in enumerate(tools.items(), start=1))
    system = filled(prompts.system, {"task_description": prompts.task + listed})
    return [{"role": "system", "content": system}, {"role": "user", "content": f"\n{query}\nBegin!\n"}]


OWN = Prompts(
    tag="own",
    system="""\
You are an agent that answers a user's request with the help of functions.
Work step by step: think in at most five sentences about where you stand and what to do next, then call a function.
You are shown what it returned; go on from there until you can answer.
Nothing that was done is undone. Where a function fails, try other arguments or another function.
Task: {task_description}""",
    task="""\
use the functions to do what the user asks, with the facts that they return.
1. End with a call of "Finish", always. Only its final_answer is shown to the user: it must say all that was asked. \
If the task cannot be done, or every function fails, call "Finish" with return_type give_up_and_restart.
2. Call functions by the names that you are given; the names of tools below are no functions.
The functions belong to these tools:
""",
    finish=(
        "Ends the task. With return_type give_answer, final_answer is shown to the user, and nothing else is; with "
        "give_up_and_restart, the task is given up in its present state. Call it at the end of every attempt."
    ),
    final_answer="The answer that the user is shown; wanted where return_type is give_answer.",
    diversity="""\
You were at this point before, and what you did then did not lead to an answer:
{previous_candidate}
Do something else this time: another function, or other arguments. Think first about why it failed.""",
    check="""\
Decide by the answer alone whether it does what the user asked for, as `answer_status`:
- "Unsolved": it apologizes, refuses, reports failure, or does not say what was asked for.
- "Solved": it says all that was asked for, concretely.
- "Unsure": it looks like an answer, but whether it is enough, or true, cannot be seen from it.

Request:
{query}

Answer:
{answer}

Call `check_answer_status` with `answer_status` and, in a sentence, your `reason`.""",
    parse="""\
Decide by the whole course of an attempt whether it did what the user asked for, as `answer_status`. In the JSON
below, nodes of the role 'tool' hold the calls of functions and what they returned.
- "Unsolved": every call failed, or the final answer contradicts what the functions returned.
- "Solved": calls succeeded, and what they returned bears out a final answer that does what was asked for.
- "Unsure": neither can be told.

Request:
{query}

Attempt:
{answer}

Call `parse_answer_status` with `answer_status` and, in a sentence, your `reason`.""",
    select="""\
Two attempts were made at one request. Choose the better one; the order in which they stand says nothing.
First compare final_answer: does it hold what was asked for, does it say truly what was done and what failed?
Only if they are alike in this, compare answer_details: fewer failed or repeated calls, fewer steps, more work done.

Request:
{query}

Answer_0:
{answer_0}

Answer_1:
{answer_1}

Call `select_better_answer` with the `index` of the better one, 0 or 1, and, in a sentence, your `reason`.""",
)
