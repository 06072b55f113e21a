"""What is counted of a query's course, and what those counts are divided by."""

from __future__ import annotations

from typing import Any, cast

from adapters.toolbench.evaluator.stable import server
from adapters.toolbench.evaluator.stable.conversation import Conversation
from adapters.toolbench.evaluator.stable.environment import ANSWERED, UNKNOWN
from adapters.toolbench.evaluator.stable.facts import Facts, facts_of
from adapters.toolbench.evaluator.stable.nodes import Node
from adapters.toolbench.evaluator.stable.search import Found
from adapters.toolbench.evaluator.stable.totals import sum_up

_FAILED = 12  # a server that did not answer


def called(parent: Node, name: str, code: int, origin: str = "") -> Node:
    """Return the step that a call ends with."""
    node = Node("Action Input", "{}", Node("Action", name, parent))
    node.code, node.origin = code, origin
    return node


def conversation(calls: int, tokens_in: int | None, tokens_out: int | None) -> Conversation:
    made = Conversation(cast("Any", None), cast("Any", None), [], most=9, deepest=9)
    made.calls, made.tokens_in, made.tokens_out = calls, tokens_in, tokens_out
    return made


def course() -> Found:
    """Return a chain that was given up and one with an answer: six calls of tools, and `Finish` in both."""
    roots = [Node("Thought", ""), Node("Thought", "")]
    node = called(roots[0], "weather", ANSWERED, server.EXACT)
    node = called(node, "weather", _FAILED, server.MISSED)
    given_up = called(node, "Finish", 4)
    node = called(roots[1], "weather", ANSWERED, server.REORDERED)
    node = called(node, "cities", _FAILED, server.UNSIMULATED)
    node = called(node, "storm", UNKNOWN)
    node = called(node, "weather", _FAILED, server.EXACT)
    end = called(node, "Finish", 3)
    end.terminal = True
    return Found(roots, [given_up, end], [given_up])


def test_calls_are_counted_by_what_became_of_them() -> None:
    found = facts_of(course(), conversation(5, 100, 20), synthetic=2)

    assert found == Facts(
        finished=True,
        gave_up=False,  # once, but there is an answer
        calls=5,
        tool_calls=6,
        hallucinated=1,
        failed=4,
        served=5,
        missed=2,
        reordered=1,
        tokens=120,
        synthetic=2,
    )


def test_a_course_without_an_answer_was_given_up() -> None:
    found = course()
    found.ends.pop()

    facts = facts_of(found, conversation(5, None, None), synthetic=0)

    assert (facts.finished, facts.gave_up, facts.tokens) == (False, True, None)


def test_each_rate_is_of_what_it_can_be_of() -> None:
    first = facts_of(course(), conversation(5, 100, 20), synthetic=0)
    second = first._replace(finished=False, gave_up=True, calls=2, tool_calls=2, hallucinated=0, failed=1)
    second = second._replace(served=1, missed=1, reordered=0, tokens=None)

    figures = {name: figure["value"] for name, figure in sum_up([first, second], [], 3).items()}

    assert figures == {
        "finish_rate": 1 / 2,
        "give_up_rate": 1 / 2,
        "hallucinated_call_rate": 1 / 8,
        "failed_call_rate": 5 / 8,
        "cache_miss_rate": 3 / 6,
        "calls_per_query": 3.5,
        "tool_calls_per_query": 4.0,
        "tokens_per_query": 120.0,
    }
