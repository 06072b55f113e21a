"""What an agent did, as a tree: thoughts, calls and what they brought; and as StableToolBench writes it down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from adapters.toolbench.evaluator.ask import Message

Kind = Literal["Thought", "Action", "Action Input"]


class Turn(NamedTuple):
    """A message of a conversation; one that is `spent` was shown to the model once, and never again."""

    message: Message
    spent: bool = False


class Node:
    """One step; a call is two of them, its name and its arguments.

    Attributes:
        description: what was said: a thought, a function's name, arguments.
        turns: the conversation up to here.
        observation, code: what a call brought; code None where there was none.
        origin: how the virtual API server had its answer.
        terminal: the final answer; pruned: given up, or too deep.
        finished: on the way to the final answer, near it.
        expanded: when it was looked at, counted from 0.
    """

    def __init__(self, kind: Kind, description: str, parent: Node | None = None) -> None:
        """Make a step below `parent`, and tell it."""
        self.kind = kind
        self.description = description
        self.parent = parent
        self.children: list[Node] = []
        self.turns: list[Turn] = list(parent.turns) if parent else []
        self.observation = ""
        self.code: int | None = None
        self.origin = ""
        self.terminal = self.pruned = self.finished = False
        self.expanded = 0
        self.depth: int = parent.depth + 1 if parent else 0
        if parent:
            parent.children.append(self)

    @property
    def shown(self) -> list[Message]:
        """Return the conversation as the model is asked to go on with it."""
        return [turn.message for turn in self.turns if not turn.spent]

    @property
    def path(self) -> list[Node]:
        """Return the steps from the first to this one; the root is none."""
        found: list[Node] = []
        node: Node | None = self
        while node is not None and node.parent is not None:
            found.append(node)
            node = node.parent
        return found[::-1]

    def walk(self) -> Iterator[Node]:
        """Yield this step and all below it, each before those below it."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += reversed(node.children)

    def finish(self, calls: int) -> None:
        """Mark this step, and those above it up to so many calls."""
        self.finished = True
        left = calls - (self.kind == "Action Input")
        if self.parent is not None and left >= 0:
            self.parent.finish(left)


def new_root(messages: list[Message]) -> Node:
    """Return a root: a conversation before the model said anything."""
    root = Node("Action Input", "")
    root.turns = [Turn(message) for message in messages]
    return root


def tree_to_json(root: Node) -> dict[str, Any]:
    """Return a tree as StableToolBench writes it."""
    deepest = max(node.depth for node in root.walk()) - root.depth + 1
    return {"size": sum(1 for _ in root.walk()), "max_length": deepest, "tree": _with_children(root)}


def chain_to_json(node: Node) -> list[dict[str, Any]]:
    """Return the steps to a node as StableToolBench writes them."""
    return [node_to_json(step) for step in node.path]


def node_to_json(node: Node) -> dict[str, Any]:
    """Return one step as StableToolBench writes it: is_terminal is always false there."""
    return {
        "is_terminal": False,
        "pruned": node.pruned,
        "finished": node.finished,
        "depth": node.depth,
        "node_type": node.kind,
        "description": node.description,
        "Elo": 1000.0,
        **({"observation": node.observation} if node.observation else {}),
        **({"observation_code": node.code} if node.code is not None else {}),
        "child_count": len(node.children),
        "expand_num": node.expanded,
        **({"io_state": {}} if node.kind == "Action Input" else {}),
    }


def _with_children(node: Node) -> dict[str, Any]:
    return {**node_to_json(node), "children": [_with_children(child) for child in node.children]}


def train_messages(node: Node) -> list[list[Message]]:
    """Return the conversation of every turn of the model on the way to a node, as StableToolBench keeps them."""
    found = []
    for step in node.path:
        turns = list(step.turns)
        last = {"Action Input": {"assistant"}, "Thought": {"assistant", "system", "tool"}}.get(step.kind)
        if last is None:
            continue
        while turns and turns[-1].message["role"] not in last:
            turns.pop()
        if turns and turns[-1].message["role"] == "assistant":
            found.append(_without_old_hints(turns))
    return found


def _without_old_hints(turns: list[Turn]) -> list[Message]:
    """Return the messages; of those that are spent, the last alone."""
    latest = next((turn for turn in reversed(turns) if turn.spent), None)
    return [turn.message for turn in turns if not turn.spent or turn is latest]
