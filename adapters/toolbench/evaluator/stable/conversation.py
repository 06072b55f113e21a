"""One query's dealings with the model: ask it to go on, run what it calls, and grow the tree of steps."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from adapters.toolbench.contract import Compat
from adapters.toolbench.evaluator.ask import Message, Model, Reply
from adapters.toolbench.evaluator.stable.ending import ANSWERED, GAVE_UP
from adapters.toolbench.evaluator.stable.environment import UNKNOWN, Environment
from adapters.toolbench.evaluator.stable.nodes import Node, Turn

UNKNOWN_NAME = "invalid_hallucination_function_name"
_BACK_AFTER_ANSWER = 2


class UnansweredError(Exception):
    """The model could not be asked; `reply` says why."""

    def __init__(self, reply: Reply) -> None:
        """Keep the reply."""
        super().__init__(reply.error)
        self.reply = reply


class _Call(NamedTuple):
    """A call as the model wrote it."""

    id: str
    name: str
    arguments: str


class Conversation:
    """Asks the candidate about one query, as often as it may.

    Attributes:
        calls: how often it was asked.
        tokens_in, tokens_out: of its answers; None until a server counts them.
        latency_s: what all of it took.
    """

    def __init__(
        self, model: Model, environment: Environment, tools: Sequence[Mapping[str, Any]], most: int, deepest: int
    ) -> None:
        """Keep what is asked with.

        Args:
            model: the candidate.
            environment: runs what it calls.
            tools: the functions, with `Finish`.
            most: how often it may be asked.
            deepest: no step comes below, however many calls a message holds.
        """
        self._model = model
        self._environment = environment
        self._tools = list(tools)
        self._most = most
        self._deepest = deepest
        self.calls = 0
        self.tokens_in: int | None = None
        self.tokens_out: int | None = None
        self.latency_s = 0.0

    @property
    def spent(self) -> bool:
        """Return whether the model may be asked no more."""
        return self.calls >= self._most

    def extend(self, node: Node, more: Mapping[str, Any]) -> Node:
        """Ask the model to go on after a step, run what it calls, and return the last step.

        Raises:
            UnansweredError: the model could not be asked.
            LostError: nobody could be asked in the place of an API.
        """
        reply = self._model.ask(self._environment.sample, node.shown, {"tools": self._tools, **more})
        if reply.state != "scored":
            raise UnansweredError(reply)
        self.calls += 1
        self.tokens_in = _sum(self.tokens_in, reply.tokens_in)
        self.tokens_out = _sum(self.tokens_out, reply.tokens_out)
        self.latency_s += reply.latency_s or 0.0
        return self._grow(node, reply)

    def _grow(self, node: Node, reply: Reply) -> Node:
        calls = calls_of(reply.message)
        if _is_thought(reply, self._environment.compat) or not calls:
            node = Node("Thought", reply.text, node)
        if not calls:
            node.turns.append(Turn({"role": "assistant", "content": reply.text}))
            return node
        grown = self._run(node, calls)
        made = grown[-1]
        names = [
            UNKNOWN_NAME if step.code == UNKNOWN else call.name for step, call in zip(grown, calls, strict=False)
        ]
        said = _assistant(reply, calls, names, self._environment.compat)
        for number, step in enumerate(grown):
            step.turns.append(Turn(said))
            step.turns += [Turn(_told(calls[place], names[place], grown[place])) for place in range(number + 1)]
        return made

    def _run(self, node: Node, calls: Sequence[_Call]) -> list[Node]:
        """Run calls in their order, and return the step of each; none is run after the end, or too deep."""
        grown = []
        for call in calls:
            node = Node("Action Input", call.arguments, Node("Action", call.name, node))
            node.observation, node.code, node.origin = self._environment.step(call.name, call.arguments)
            grown.append(node)
            if node.code == ANSWERED:
                node.terminal = True
                node.finish(_BACK_AFTER_ANSWER)
            node.pruned = node.code == GAVE_UP
            if node.terminal or node.pruned or node.depth >= self._deepest:
                break
        return grown


def calls_of(message: Message) -> list[_Call]:
    """Return the calls in a message, in whatever shape a server or a model puts them."""
    given = message.get("tool_calls")
    entries = [entry for entry in given if isinstance(entry, dict)] if isinstance(given, list) else []
    if not entries and isinstance(message.get("function_call"), dict):
        entries = [{"function": message["function_call"]}]
    return [_call(entry, number) for number, entry in enumerate(entries)]


def _call(entry: Mapping[str, Any], number: int) -> _Call:
    function = entry.get("function")
    function = function if isinstance(function, dict) else {}
    name, arguments = function.get("name"), function.get("arguments")
    if not isinstance(arguments, str):
        arguments = "" if arguments is None else json.dumps(arguments, ensure_ascii=False)
    return _Call(str(entry.get("id") or f"call_{number}"), name if isinstance(name, str) else "", arguments)


def _is_thought(reply: Reply, compat: Compat) -> bool:
    """Return whether a message says something; to StableToolBench an empty text is a thought."""
    return reply.message.get("content") is not None if compat == "upstream" else bool(reply.text.strip())


def _assistant(reply: Reply, calls: Sequence[_Call], names: Sequence[str], compat: Compat) -> Message:
    """Return the model's turn as it is shown again: without what only its server understands."""
    said: dict[str, Any] = {"role": "assistant"}
    if _is_thought(reply, compat):
        said["content"] = reply.text
    said["tool_calls"] = [
        {"id": call.id, "type": "function", "function": {"name": name, "arguments": _shown(call.arguments, compat)}}
        for call, name in zip(calls, [*names, *(call.name for call in calls[len(names) :])], strict=True)
    ]
    return said


def _shown(arguments: str, compat: Compat) -> str:
    """Return arguments as they are shown again: servers refuse a conversation with some that are no JSON object."""
    if compat == "upstream":
        return arguments
    try:
        found = json.loads(arguments)
    except (ValueError, RecursionError):
        return "{}"
    return arguments if isinstance(found, dict) else "{}"


def _told(call: _Call, name: str, step: Node) -> Message:
    return {"role": "tool", "name": name, "content": step.observation, "tool_call_id": call.id}


def _sum(known: int | None, more: int | None) -> int | None:
    return known if more is None else (known or 0) + more
