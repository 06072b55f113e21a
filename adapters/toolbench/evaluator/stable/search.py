"""The two ways of an agent: chains, one after another (CoT@n), and a tree searched depth first (DFSDT).

DFSDT is that of Qin et al. 2023 (arXiv:2307.16789) without a filter: preorder, up to `width` children of each step, a
later child being told what the earlier ones were; back two calls after an answer or giving up, one otherwise; over
with the first answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from adapters.toolbench.evaluator.ask import Message
from adapters.toolbench.evaluator.stable.conversation import Conversation
from adapters.toolbench.evaluator.stable.ending import GAVE_UP
from adapters.toolbench.evaluator.stable.nodes import Node, Turn, new_root

_BACK = 2
_STOP = 1 << 30


@dataclass
class Found:
    """What a search left.

    Attributes:
        roots: of every chain, or the one of a tree.
        ends: the last step of every chain; of a tree, its answers.
        given_up: where the model gave up.
    """

    roots: list[Node] = field(default_factory=list)
    ends: list[Node] = field(default_factory=list)
    given_up: list[Node] = field(default_factory=list)

    @property
    def answer(self) -> Node | None:
        """Return the step with the final answer."""
        return next((node for node in self.ends if node.terminal), None)

    @property
    def last(self) -> Node | None:
        """Return the step that stands for the query: its answer, else the first time that it was given up."""
        return self.answer or next(iter(self.given_up), None)


class Limits(NamedTuple):
    """How far a search goes: chains, or children of a step; steps of a chain; the seed of the first chain."""

    wide: int
    deep: int
    seed: int | None = None


def follow_chains(found: Found, conversation: Conversation, start: list[Message], limits: Limits) -> None:
    """Follow chains until one has an answer; what they come to stands in `found`.

    Raises:
        UnansweredError, LostError: as Conversation.extend.
    """
    for number in range(limits.wide):
        node = new_root(start)
        found.roots.append(node)
        more: Mapping[str, Any] = {} if limits.seed is None else {"seed": limits.seed + number}
        while not (node.terminal or node.pruned):
            node = conversation.extend(node, more)
            if not node.terminal and (node.depth >= limits.deep or conversation.spent):
                node.pruned = True
        found.ends.append(node)
        if node.code == GAVE_UP:
            found.given_up.append(node)
        if node.terminal or conversation.spent:
            break


class Tree:
    """One search in a tree."""

    def __init__(self, found: Found, conversation: Conversation, limits: Limits, diversity: str) -> None:
        """Keep what is filled, how far it may go, and what a later child is told: `{previous_candidate}` is in it."""
        self._found = found
        self._conversation = conversation
        self._limits = limits
        self._diversity = diversity
        self._looked_at = 0

    def search(self, start: list[Message]) -> None:
        """Search; what it comes to stands in `found`.

        Raises:
            UnansweredError, LostError: as Conversation.extend.
        """
        root = new_root(start)
        self._found.roots.append(root)
        self._visit(root)

    def _visit(self, node: Node) -> int:
        """Look at a step and all below it; return how many calls to go back."""
        node.expanded = self._looked_at
        self._looked_at += 1
        if node.terminal:
            self._found.ends.append(node)
            return _BACK
        if node.pruned or node.depth >= self._limits.deep:
            return self._prune(node)
        for _ in range(self._limits.wide):
            if self._conversation.spent:
                return _STOP
            back = self._visit(self._child(node))
            if self._found.ends:
                return _STOP
            if back > 1:
                return back - 1
        return 1

    def _prune(self, node: Node) -> int:
        node.pruned = True
        if node.code != GAVE_UP:
            return 1
        self._found.given_up.append(node)
        return _BACK

    def _child(self, node: Node) -> Node:
        """Let the model go on after a step; where it did before, it is told how, this once."""
        known = [known for known in map(_candidate, node.children) if known]
        if not known:
            return self._conversation.extend(node, {})
        told = f"{json.dumps(known, indent=2)}\n"
        if node.observation:
            told += f"again, your former observation: {node.observation}\n"
        hint = {"role": "user", "content": self._diversity.replace("{previous_candidate}", told)}
        node.turns.append(Turn(hint))
        made = self._conversation.extend(node, {})
        node.turns[-1] = Turn(hint, spent=True)
        _spend(node, made, hint)
        return made


def _spend(above: Node, made: Node, hint: Message) -> None:
    """Let the steps that have just grown above `made` keep the hint as one that is not shown again."""
    for step in made.path[above.depth :]:
        step.turns = [Turn(turn.message, spent=True) if turn.message is hint else turn for turn in step.turns]


def _candidate(child: Node) -> dict[str, Any] | None:
    """Return the first call of an earlier child, as a later one is told; None where it only thought."""
    node = child
    while not node.terminal and node.kind != "Action Input" and node.children:
        node = node.children[0]
    if node.kind != "Action Input" or node.parent is None:
        return None
    return {
        "name": node.parent.description,
        "arguments": node.description,
        "function_output": node.observation,
        "mento-carlo-action-value": 0.0,
    }
