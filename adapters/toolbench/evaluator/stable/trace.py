"""A query's course as turns that a person can read: thoughts, calls, what they brought; all branches of a tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adapters.toolbench.evaluator.stable.facts import Facts
from adapters.toolbench.evaluator.stable.nodes import Node
from adapters.toolbench.evaluator.stable.search import Found
from adapters.toolbench.evaluator.stable.tooleval import Judgement, Round


def turns(found: Found) -> list[dict[str, Any]]:
    """Return the turns after the question: chains one after another, or a tree, its branches named `1.2`.

    A code other than 0, and where the server had an answer from, stand beside the answer. What does not lead to the
    final answer says so.
    """
    last = found.answer
    kept = {id(node) for node in last.path} if last else set()
    several = len(found.roots) > 1
    shown: list[dict[str, Any]] = []
    for number, root in enumerate(found.roots, start=1):
        shown += _tree(root, kept, f"try {number}" if several else "")
    return shown


def closing(facts: Facts, judgement: Judgement | None) -> list[dict[str, Any]]:
    """Return turns that nobody saw: what the course took, and what the judge said of it, round by round."""
    words = f"{facts.calls} requests to the model, {facts.tool_calls} calls of functions"
    if facts.hallucinated:
        words += f", {facts.hallucinated} of them of functions that there are not"
    rounds = judgement.rounds if judgement else ()
    said = [
        {"role": "judge", "content": f"round {number}: {_said(part)}"} for number, part in enumerate(rounds, start=1)
    ]
    return [{"role": "summary", "content": words}, *said]


def _said(part: Round) -> str:
    words = [f"{part.verdict.status or 'no verdict'}: {part.verdict.reason}"]
    if part.reference is not None:
        words.append(f"the reference {part.reference.status or 'no verdict'}: {part.reference.reason}")
    if part.better is not None:
        words.append(f"better: {part.better}: {part.reason}")
    return "; ".join(words)


def _tree(root: Node, kept: set[int], name: str) -> Iterator[dict[str, Any]]:
    waiting = [(child, branch) for child, branch in _branches(root, name)][::-1]
    while waiting:
        node, branch = waiting.pop()
        yield from _turns(node, _label(branch, away=bool(kept) and id(node) not in kept))
        waiting += _branches(node, branch)[::-1]


def _branches(node: Node, name: str) -> list[tuple[Node, str]]:
    """Return the children and the name of the branch of each."""
    if len(node.children) < 2:
        return [(child, name) for child in node.children]
    return [
        (child, f"{name}.{number}" if name else str(number)) for number, child in enumerate(node.children, start=1)
    ]


def _label(branch: str, *, away: bool) -> str:
    named = branch if branch.startswith("try") or not branch else f"branch {branch}"
    said = ", ".join(word for word in (named, "not on the way to the answer" if away else "") if word)
    return f"[{said}] " if said else ""


def _turns(node: Node, label: str) -> Iterator[dict[str, Any]]:
    if node.kind == "Thought":
        yield {"role": "assistant", "content": f"{label}{node.description}"}
    elif node.kind == "Action Input" and node.parent is not None:
        yield {"role": "assistant", "content": f"{label}{node.parent.description}({node.description})"}
        beside = {"code": node.code, "origin": node.origin}
        yield {
            "role": "tool",
            "content": node.observation,
            **{name: value for name, value in beside.items() if value},
        }
