"""Decide when an endpoint is given up: after how many failures of one kind in a row."""

from __future__ import annotations

from adapters.native.evaluator.errors import UnreachableError
from adapters.native.evaluator.models.reply import Reply
from adapters.runtime.gateway import BUDGET_SPENT, UPSTREAM_DOWN

# Nothing has ever answered: the gateway has retried each of them already, so a handful is enough.
BEFORE_FIRST_ANSWER = 5
# The endpoint died on the way: more, for it may come back.
AFTER_FIRST_ANSWER = 50
# What a server says about one request, not about itself. A spent budget ends nothing either: what was answered in an
# earlier part of the run still is.
_ABOUT_THE_REQUEST = frozenset({"HTTP 400", "HTTP 413", "HTTP 422", "no content", BUDGET_SPENT})
_HINT = "Check the endpoint with `evaldock doctor`, then go on with `evaldock resume`."


class Patience:
    """Counts failures of one kind in a row; an answer, or another kind, starts anew."""

    def __init__(self, total: int) -> None:
        """Start with nothing answered; fewer requests than the limit means all of them."""
        self._limit = min(BEFORE_FIRST_ANSWER, total)
        self._kind = ""
        self._count = 0

    def note(self, reply: Reply) -> None:
        """Take one reply into account.

        Raises:
            UnreachableError: enough is enough.
        """
        if not reply.failure:
            self._limit = AFTER_FIRST_ANSWER
        self._count = self._count + 1 if reply.failure == self._kind else 1
        self._kind = reply.failure
        if reply.failure == UPSTREAM_DOWN:  # the gateway has given it up, after more patience than ours
            raise UnreachableError(f"the model does not answer: {reply.outcome.error}", hint=_HINT)
        if reply.failure and reply.failure not in _ABOUT_THE_REQUEST and self._count >= self._limit:
            reason = f"the model does not answer: {self._count} requests in a row failed with: {reply.outcome.error}"
            raise UnreachableError(reason, hint=_HINT)
