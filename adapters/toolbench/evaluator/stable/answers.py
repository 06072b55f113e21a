"""The answer file of a query, as StableToolBench's inference writes it, and the same as ToolEval reads it.

Where those choose at random (a chain, a place where it was given up, a way through a tree), the first is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from adapters.toolbench.contract import StableDataset
from adapters.toolbench.evaluator.stable.conversation import Conversation
from adapters.toolbench.evaluator.stable.functions import FINISH
from adapters.toolbench.evaluator.stable.nodes import Node, chain_to_json, train_messages, tree_to_json
from adapters.toolbench.evaluator.stable.search import Found


def answer_file(
    dataset: StableDataset, query: str, found: Found, conversation: Conversation, tools: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return what is written for one query."""
    shape = _chains(dataset, found) if dataset.method == "cot" else _tree(dataset, found)
    last = found.answer if dataset.method == "cot" else found.last
    generation = {
        "valid_data": last is not None,
        "final_answer": last.description if last else "",
        **({"finish_type": "give_up" if last and not last.terminal else "give_answer"} if "tree" in shape else {}),
        "function": list(tools),
        "query_count": conversation.calls,
        "total_tokens": (conversation.tokens_in or 0) + (conversation.tokens_out or 0),
        "train_messages": train_messages(last) if last else [],
        "chain": [],
        "query": query,
    }
    return {"win": found.answer is not None, **shape, "answer_generation": generation}


def _chains(dataset: StableDataset, found: Found) -> dict[str, Any]:
    return {
        "try_count": len(found.ends),
        "trys": [{"chain": chain_to_json(end), "win": end.terminal} for end in found.ends],
        "compare_candidates": _candidates(found),
        "forward_args": {"single_chain_max_step": dataset.max_steps, "pass_at": dataset.tries, "answer": 1},
    }


def _tree(dataset: StableDataset, found: Found) -> dict[str, Any]:
    arguments = {
        "single_chain_max_step": dataset.max_steps,
        "tree_beam_size": dataset.width,
        "max_query_count": dataset.max_calls,
        "answer": 1,
        "with_filter": False,
    }
    return {
        "tree": tree_to_json(found.roots[0]),
        "forward_args": arguments,
        "compare_candidates": _candidates(found),
    }


def _candidates(found: Found) -> list[list[dict[str, Any]]]:
    return [chain_to_json(end) for end in found.ends if not end.pruned]


def converted(dataset: StableDataset, written: Mapping[str, Any], found: Found) -> dict[str, Any]:
    """Return an answer file's content as ToolEval reads it."""
    generation = written["answer_generation"]
    query = generation["query"]
    last = found.answer if dataset.method == "cot" else found.last
    steps = _told(last) if last else _walked(found.roots[0])
    sequence = [{"role": "system", "message": ""}, {"role": "user", "message": query}, *steps]
    return {
        "query": query,
        "available_tools": generation["function"],
        "answer": {
            "method": dataset.method_name,
            "total_steps": len(sequence),
            "final_answer": generation["final_answer"],
            "answer_details": nested(sequence),
        },
    }


def nested(sequence: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return steps one inside the other, as ToolEval has them."""
    found: list[dict[str, Any]] = []
    for step in reversed(sequence):
        found = [{**step, "next": found}]
    return found


def ends_with_finish(details: Any) -> bool:
    """Return whether the last of nested steps, of anybody's making, is a call of `Finish`."""
    step: Any = None
    while isinstance(details, list) and details:
        step = details[0]
        details = step.get("next") if isinstance(step, dict) else None
    message = step.get("message") if isinstance(step, dict) and step.get("role") == "tool" else None
    if isinstance(message, dict):
        return message.get("name") == FINISH
    return isinstance(message, str) and f"'name': '{FINISH}'" in message


def _told(last: Node) -> list[dict[str, Any]]:
    """Return the steps of a conversation that ends with a call of `Finish`; thoughts beside calls are left out."""
    messages = [turn.message for turn in last.turns[2:]]
    steps = []
    for place, message in enumerate(messages, start=1):
        if message["role"] != "assistant":
            continue
        calls = message.get("tool_calls")
        if not calls:
            steps.append({"role": "assistant", "message": message.get("content", "")})
        # In their order, and not by their ids, which some servers use again in every message.
        brought = takewhile(lambda other: other["role"] == "tool", messages[place:])
        for call, told in zip(calls or (), brought, strict=False):
            name, arguments = call["function"]["name"], call["function"]["arguments"]
            steps.append(_tool(name, arguments, "" if name == FINISH else told["content"]))
    return steps


def _walked(root: Node) -> list[dict[str, Any]]:
    """Return the steps below a root, always the first child."""
    steps = []
    node = root
    while node.children:
        node = node.children[0]
        if node.kind == "Thought":
            steps.append({"role": "assistant", "message": node.description})
        elif node.kind == "Action Input" and node.parent is not None:
            steps.append(_tool(node.parent.description, node.description, node.observation))
    return steps


def _tool(name: str, arguments: str, response: str) -> dict[str, Any]:
    return {"role": "tool", "message": {"name": name, "arguments": arguments, "response": response}}
