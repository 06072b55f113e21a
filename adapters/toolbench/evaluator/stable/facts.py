"""What can be counted of a query's course without a judge."""

from __future__ import annotations

from typing import NamedTuple

from adapters.toolbench.evaluator.stable import server
from adapters.toolbench.evaluator.stable.conversation import Conversation
from adapters.toolbench.evaluator.stable.environment import ANSWERED, UNKNOWN
from adapters.toolbench.evaluator.stable.functions import FINISH
from adapters.toolbench.evaluator.stable.search import Found

_MISSES = (server.MISSED, server.UNSIMULATED)


class Facts(NamedTuple):
    """Counts of one query.

    Attributes:
        calls: requests to the model.
        tool_calls: of functions other than Finish, unknown ones too; `hallucinated` of those that there are not,
            `failed` those whose code is not 0.
        served: that reached the virtual API server; `missed` without an answer of cache or simulator, `reordered`
            answered by the cache for the same input in another order.
        tokens: of the model's requests and answers; None where nobody counted.
        synthetic: tools without a file.
    """

    finished: bool
    gave_up: bool
    calls: int
    tool_calls: int
    hallucinated: int
    failed: int
    served: int
    missed: int
    reordered: int
    tokens: int | None
    synthetic: int


def facts_of(found: Found, conversation: Conversation, synthetic: int) -> Facts:
    """Return the counts of what a search left."""
    nodes = (node for root in found.roots for node in root.walk())
    made = [
        node for node in nodes if node.kind == "Action Input" and node.parent and node.parent.description != FINISH
    ]
    counted = (conversation.tokens_in, conversation.tokens_out)
    return Facts(
        finished=found.answer is not None,
        gave_up=found.answer is None and bool(found.given_up),
        calls=conversation.calls,
        tool_calls=len(made),
        hallucinated=sum(node.code == UNKNOWN for node in made),
        failed=sum(node.code != ANSWERED for node in made),
        served=sum(bool(node.origin) for node in made),
        missed=sum(node.origin in _MISSES for node in made),
        reordered=sum(node.origin == server.REORDERED for node in made),
        tokens=None if counted == (None, None) else sum(count or 0 for count in counted),
        synthetic=synthetic,
    )
