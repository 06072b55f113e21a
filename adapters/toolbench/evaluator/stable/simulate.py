"""Answers of APIs made up by a language model behind the gateway, from an API's documentation and recorded answers.

An answer is taken only where it is JSON with `error` and `response`; of none it is said that there is none, and
nothing is ever written into the cache.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from adapters.toolbench.evaluator.ask import Model, State
from adapters.toolbench.evaluator.stable.cache import Answer
from adapters.toolbench.evaluator.stable.literals import canonical

TRIES = 3
GENERATION = {"temperature": 0, "max_tokens": 1024, "response_format": {"type": "json_object"}}
_SYSTEM = """\
You stand in for the server of a web API. You are given the documentation of one API, perhaps some of its recorded
answers, and the input of a call. Write what the API would answer: plausible, specific, consistent with the input and
with the recorded answers, and of their form.
Where the input lacks a required parameter, or makes no sense for this API, answer with an error as a server would.
Reply with one JSON object and nothing else: {"error": "<empty unless the call fails>", "response": <the answer>}"""


class Call(NamedTuple):
    """One call of an API, for one query."""

    sample: str
    category: str
    tool: str
    api: str
    given: Mapping[str, Any]


class LostError(Exception):
    """Nobody could be asked in the place of an API; `state` is what that makes of the query."""

    def __init__(self, reason: str, state: State = "infra_error") -> None:
        """Keep the state."""
        super().__init__(reason)
        self.state = state


class Simulator:
    """The model that answers in the place of APIs; for one query, the same call has the same answer."""

    def __init__(self, model: Model) -> None:
        """Keep the model."""
        self._model = model
        self._known: dict[tuple[str, ...], Answer] = {}

    def answer(self, call: Call, documentation: str, examples: str) -> Answer | None:
        """Return what the API would answer; None where the model never wrote it in the form that is asked for.

        Raises:
            LostError: the model could not be asked.
        """
        key = (call.sample, call.category, call.tool, call.api, canonical(call.given))
        if key not in self._known:
            found = self._ask(call, documentation, examples)
            if found is None:
                return None
            self._known[key] = found
        return self._known[key]

    def _ask(self, call: Call, documentation: str, examples: str) -> Answer | None:
        content = question(call.given, documentation, examples)
        messages = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": content}]
        for number in range(TRIES):
            reply = self._model.ask(call.sample, messages, {"seed": number})
            if reply.state != "scored":
                state: State = "skipped" if reply.state == "skipped" else "infra_error"
                raise LostError(f"the simulator did not answer: {reply.error}", state)
            if found := read(reply.text):
                return found
        return None


def question(given: Mapping[str, Any], documentation: str, examples: str) -> str:
    """Return what the model is asked about one call."""
    told = f"API documentation:\n{documentation}\n"
    shown = f"Recorded answers, by input:\n{examples}\n" if examples else ""
    return f"{told}{shown}Input:\n{json.dumps(dict(given), ensure_ascii=False)}"


def read(text: str) -> Answer | None:
    """Return the answer in a reply; None where it is not of its form."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("error"), str) or "response" not in found:
        return None
    return Answer(found["error"], found["response"])
