"""Ask a model behind the gateway, and say what became of it: a message, or why there is none."""

from __future__ import annotations

import http.client
import json
import time
import urllib.request
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from adapters.runtime import gateway, job

State = Literal["scored", "model_error", "infra_error", "skipped"]
Role = Literal["candidate", "judge", "simulator"]
Message = Mapping[str, Any]

_SHOWN = 300
# The request itself cannot be answered (too long, a parameter that the model does not take): the server is well.
_REFUSALS = (400, 413, 422)


class Reply(NamedTuple):
    """What came back; `state` other than `scored` comes with an `error` and no message."""

    state: State
    message: Message = MappingProxyType({})
    finish_reason: str = ""
    error: str = ""
    latency_s: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None

    @property
    def text(self) -> str:
        """Return the message's content; empty where there is none."""
        content = self.message.get("content")
        if isinstance(content, list):  # the answer in parts, as some servers send it
            return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
        return content if isinstance(content, str) else ""


class _EveryStatus(urllib.request.HTTPErrorProcessor):
    """Takes an error status for an answer like any other."""

    def http_response(self, _request: urllib.request.Request, response: http.client.HTTPResponse) -> Any:
        return response


# The gateway is on this machine: a proxy of the environment must never stand between.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _EveryStatus)


class Model:
    """The model of one role (candidate, judge, simulator), asked about one data set."""

    def __init__(self, role: Role, dataset: str, generation: Mapping[str, Any], timeout_s: float) -> None:
        """Keep what every request has."""
        self._url = f"{job.gateway_url(role, dataset)}/chat/completions"
        self._fixed = {"model": role, **generation}
        self._timeout_s = timeout_s

    def ask(self, sample: str, messages: Sequence[Message], more: Mapping[str, Any] = MappingProxyType({})) -> Reply:
        """Return the reply to a conversation; asked again where the gateway itself is away for a while.

        Args:
            sample: the item that it is about; the gateway keeps answers, and counts, by it.
            messages: the conversation.
            more: parameters of this request alone.
        """
        fields = {**self._fixed, **more, "messages": list(messages)}
        body = json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")
        headers = {"Content-Type": "application/json", **gateway.sample_headers(sample)}
        request = urllib.request.Request(self._url, body, headers)
        started = time.monotonic()
        for wait_s in gateway.WAITS_S:
            if reply := self._try(request, started):
                return reply
            time.sleep(wait_s)
        return self._try(request, started) or Reply("infra_error", error="the gateway does not answer")

    def _try(self, request: urllib.request.Request, started: float) -> Reply | None:
        """Return the gateway's reply; None where it gave none."""
        try:
            with _OPENER.open(request, timeout=self._timeout_s) as response:
                status, raw = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            if isinstance(getattr(error, "reason", error), TimeoutError):
                return Reply("infra_error", error=f"no answer within {self._timeout_s:g} s")
            return None
        reply = read_reply(status, raw)
        return reply._replace(latency_s=round(time.monotonic() - started, 6)) if reply else None


def read_reply(status: int, raw: bytes) -> Reply | None:
    """Return what an answer of the gateway says; None where it is the forwarder's, which could not reach it."""
    body = _json(raw)
    kind = gateway.error_type(body)
    if kind == gateway.UNREACHABLE:
        return None
    if kind == gateway.BUDGET_SPENT:
        return Reply("skipped", error=_told(body, raw))
    if status != 200:
        state: State = "model_error" if status in _REFUSALS else "infra_error"
        return Reply(state, error=f"HTTP {status}: {_told(body, raw)}")
    return _completion(body, raw)


def _completion(body: object, raw: bytes) -> Reply:
    choices = body.get("choices") if isinstance(body, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    message = choice.get("message")
    if not isinstance(body, dict) or not isinstance(message, dict):
        return Reply("infra_error", error=f"HTTP 200, but no chat completion: {_shown(raw)}")
    usage = body.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    return Reply(
        "scored",
        message,
        str(choice.get("finish_reason") or ""),
        tokens_in=_count(counts.get("prompt_tokens")),
        tokens_out=_count(counts.get("completion_tokens")),
    )


def _told(body: object, raw: bytes) -> str:
    error = body.get("error", body.get("detail")) if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return " ".join(str(message).split())[:_SHOWN] if message else _shown(raw)


def _json(raw: bytes) -> object:
    try:
        found: object = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found


def _shown(raw: bytes) -> str:
    return " ".join(raw[:_SHOWN].decode("utf-8", "replace").split()) or "an empty body"


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
