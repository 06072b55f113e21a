"""Two answer files of one query, ours and StableToolBench's own: whether they hold the same course, and where not.

How a file was made is left out: ids of calls are numbered as they appear, and keys without a value,
which some clients write, are no keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

_STEP = ("node_type", "description", "observation", "observation_code", "pruned", "finished", "depth")
_FACTS = ("valid_data", "finish_type", "final_answer", "query_count", "function", "query")
_SHOWN = 120


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Return in what the courses differ, the first difference of each kind; empty where they are the same."""
    mine, other = _Course(ours), _Course(theirs)
    found = [_first("functions", mine.facts.pop("function", None), other.facts.pop("function", None))]
    found += [_first(name, mine.facts.get(name), other.facts.get(name)) for name in (*_FACTS, "win")]
    found += [_first("steps", mine.steps, other.steps), _first("requests", mine.requests, other.requests)]
    return [difference for difference in found if difference]


class _Course:
    """What is compared of an answer file.

    Attributes:
        steps: of every chain, or of the tree, each before those below it.
        requests: the conversation that the model was asked to go on with, and what it said, turn by turn.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        generation = _mapping(content.get("answer_generation"))
        self.facts = {name: _plain(generation[name]) for name in _FACTS if name in generation}
        self.facts["win"] = content.get("win")
        self.steps = list(_steps(content))
        turns = generation.get("train_messages")
        self.requests = [_numbered(_plain(turn)) for turn in turns] if isinstance(turns, list) else []


def _steps(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    tree = _mapping(_mapping(content.get("tree")).get("tree"))
    if tree:
        yield from _below(tree)
    for number, attempt in enumerate(_list(content.get("trys"))):
        for node in _list(_mapping(attempt).get("chain")):
            yield {"try": number, **_step(_mapping(node))}


def _below(root: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        children = [_mapping(child) for child in _list(node.get("children"))]
        yield {**_step(node), "children": len(children)}
        waiting += reversed(children)


def _step(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is compared of a step; one that brought nothing has no observation, however that is written."""
    return {name: node[name] for name in _STEP if node.get(name) not in (None, "")}


def _plain(value: Any) -> Any:
    """Return a value without the keys that hold nothing."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items() if part is not None}
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _numbered(turns: Any) -> Any:
    """Return a conversation whose calls are numbered; whether a message is shown again is no part of it."""
    known: dict[str, str] = {}
    for message in map(_mapping, _list(turns)):
        message.pop("valid", None)
        for call in map(_mapping, _list(message.get("tool_calls"))):
            call["id"] = known.setdefault(str(call.get("id")), f"call {len(known)}")
            call.pop("index", None)
        if "tool_call_id" in message:
            message["tool_call_id"] = known.get(str(message["tool_call_id"]), message["tool_call_id"])
    return turns


def _first(name: str, ours: Any, theirs: Any) -> str:
    """Return the first place where two values differ; empty where they do not."""
    if ours == theirs:
        return ""
    place, left, right = _narrowed("", ours, theirs)
    return f"{name}{place}: ours {_shown(left)}, theirs {_shown(right)}"


def _narrowed(place: str, ours: Any, theirs: Any) -> tuple[str, Any, Any]:
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in dict.fromkeys((*ours, *theirs)):
            if ours.get(name) != theirs.get(name):
                return _narrowed(f"{place}.{name}", ours.get(name), theirs.get(name))
    if isinstance(ours, list) and isinstance(theirs, list):
        for number, (left, right) in enumerate(zip(ours, theirs, strict=False)):
            if left != right:
                return _narrowed(f"{place}[{number}]", left, right)
        return f"{place}, how many", len(ours), len(theirs)
    return place, ours, theirs


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
