"""What a call of a function does: end the conversation, or ask the virtual API server; and what the model then sees.

Codes are StableToolBench's: 0 answered, 1 no such function, 2 bad arguments of Finish, 3 the final answer, 4 gave up,
5 timed out, 6-11 by the API's own error, 12 the server answered with an error of its own.
"""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adapters.runtime.gateway import sample_headers
from adapters.toolbench.contract import Compat
from adapters.toolbench.evaluator.stable.ending import Step, finish
from adapters.toolbench.evaluator.stable.functions import FINISH, Function
from adapters.toolbench.evaluator.stable.server import LOST, ORIGIN_HEADER
from adapters.toolbench.evaluator.stable.simulate import LostError

_LARGEST = 128 << 20  # of an answer; what is cut is none
ANSWERED, UNKNOWN, TIMED_OUT, FAILED = 0, 1, 5, 12
_CODES = {
    "API not working error...": 6,
    "Unauthorized error...": 7,
    "Unsubscribed error...": 8,
    "Too many requests error...": 9,
    "Rate limit per minute error...": 10,
    "Message error...": 11,
}
# The virtual API server is on this machine, or where the user says: no proxy of the environment stands between.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Environment:
    """The functions of one query, and the server behind them.

    Attributes:
        sample: the query, as the gateway knows it.
        url: of the virtual API server.
        limit: so many characters of an observation are shown.
    """

    sample: str
    functions: tuple[Function, ...]
    url: str
    compat: Compat
    limit: int
    timeout_s: float

    def step(self, name: str, arguments: str) -> Step:
        """Return what a call brings.

        Raises:
            LostError: neither the server nor its simulator could be asked.
        """
        found = finish(arguments) if name == FINISH else self._call(name, arguments)
        return found._replace(observation=truncated(found.observation, self.limit))

    def _call(self, name: str, arguments: str) -> Step:
        function = matched(name, self.functions, self.compat)
        if function is None:
            return _failed(f"No such function name: {name}", UNKNOWN)
        fields = {
            "category": function.category,
            "tool_name": function.tool,
            "api_name": function.api,
            "tool_input": arguments,
            "strip": "truncate",
            "toolbench_key": "",
        }
        body = json.dumps(fields).encode()
        headers = {"Content-Type": "application/json", **sample_headers(self.sample)}
        return self._ask(urllib.request.Request(self.url, body, headers))

    def _ask(self, request: urllib.request.Request) -> Step:
        try:
            with _OPENER.open(request, timeout=self.timeout_s) as response:
                return read_answer(response.read(_LARGEST), response.headers.get(ORIGIN_HEADER) or "")
        except urllib.error.HTTPError as error:
            origin = error.headers.get(ORIGIN_HEADER) or ""
            if origin == LOST:
                raise _lost(error.read(_LARGEST)) from error
            return _failed(f"request invalid, data error. status_code={error.code}", FAILED, origin)
        except (OSError, http.client.HTTPException) as error:
            if isinstance(getattr(error, "reason", error), TimeoutError):
                return _failed("Timeout error...", TIMED_OUT)
            raise LostError(f"the virtual API server at {self.url} does not answer: {error}") from error


def _lost(raw: bytes) -> LostError:
    """Return what a server said of a simulator that could not be asked; one of the user's may say anything."""
    try:
        said = json.loads(raw)
        return LostError(str(said["detail"]), "skipped" if said["state"] == "skipped" else "infra_error")
    except (ValueError, TypeError, KeyError, RecursionError):
        return LostError("the virtual API server says that nobody could be asked")


def matched(name: str, functions: Sequence[Function], compat: Compat) -> Function | None:
    """Return the function that is meant: by its name; `upstream`: the first whose name ends so, the first for ""."""
    if compat == "upstream":
        return next((function for function in functions if function.name.endswith(name)), None)
    return next((function for function in functions if function.name == name), None)


def read_answer(raw: bytes, origin: str) -> Step:
    """Return what a virtual API server answered."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or "error" not in found:
        return _failed("request invalid, data error", FAILED, origin)
    error = found["error"]
    return Step(json.dumps(found), _CODES.get(error, ANSWERED) if isinstance(error, str) else ANSWERED, origin)


def truncated(text: str, limit: int) -> str:
    """Return at most `limit` characters, and dots where there were more."""
    return f"{text[:limit]}..." if len(text) > limit else text


def _failed(error: str, code: int, origin: str = "") -> Step:
    shown: dict[str, Any] = {"error": error, "response": ""}
    return Step(json.dumps(shown), code, origin)
