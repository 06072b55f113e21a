"""Read one HTTP answer of an OpenAI-compatible server into an outcome, or into the reason why it is none."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from adapters.native.evaluator.request import Outcome, State
from adapters.runtime.gateway import BUDGET_SPENT, UNREACHABLE, UPSTREAM_DOWN, error_type

_SHOWN = 300
# The request itself cannot be answered (too long, a parameter that the model does not take): the server is well.
_REFUSALS = (400, 413, 422)
# What says that a server does not do this at all.
NOT_SERVED = (400, 403, 404, 405, 413, 415, 422, 501)
LOST = "no connection"
# What the gateway says of itself and of its upstream, not of one request.
_KINDS = {BUDGET_SPENT: BUDGET_SPENT, UPSTREAM_DOWN: UPSTREAM_DOWN, UNREACHABLE: LOST}


class Reply(NamedTuple):
    """An outcome, and what kind of failure it is ("" for none): equal kinds in a row mean that nobody is there."""

    outcome: Outcome
    failure: str = ""

    @staticmethod
    def failed(kind: str, error: str, latency_s: float | None = None) -> Reply:
        """Return the reply of a request that failed on the way."""
        return Reply(Outcome("infra_error", error=error, latency_s=latency_s), kind)


def read_reply(status: int, raw: bytes, *, chat: bool, latency_s: float) -> Reply:
    """Return what the server answered: a score needs a completion with a text, or an empty one that ended by itself.

    model_error: the model gave no text for a reason of its own, or the request was refused. skipped: the budget is
    spent, so that nothing was asked. All else: infra_error.
    """
    body = read_body(status, raw, latency_s)
    if isinstance(body, Reply):
        return body
    choice = first_choice(body)
    said = _said(choice, chat=chat)
    text = _content(said.get("content" if chat else "text"))
    error = "" if text and text.strip() else _why_silent(said, choice.get("finish_reason"))
    if text is None and not error:
        return Reply.failed("no content", "the answer has no content", latency_s)
    usage = usage_of(body)
    outcome = Outcome(
        "model_error" if error else "scored",
        text=text or "",
        error=error,
        truncated=choice.get("finish_reason") == "length",
        latency_s=latency_s,
        tokens_in=usage["prompt_tokens"],
        tokens_out=usage["completion_tokens"],
    )
    return Reply(outcome)


def read_body(status: int, raw: bytes, latency_s: float) -> dict[str, Any] | Reply:
    """Return the JSON object of an answer, or the reply of one that is none or tells a failure."""
    if status != 200:
        return error_reply(status, raw, latency_s)
    body = _json(raw)
    if not isinstance(body, dict):
        return Reply.failed("not JSON", f"HTTP 200, but no JSON object: {_shown(raw)}", latency_s)
    return body


def error_reply(status: int, raw: bytes, latency_s: float) -> Reply:
    """Return the reply of an answer whose status is no success."""
    body = _json(raw)
    kind = _KINDS.get(error_type(body), f"HTTP {status}")
    error = _message(body, raw) if kind == BUDGET_SPENT else f"HTTP {status}: {_message(body, raw)}"
    return Reply(Outcome(_state(status, kind), error=error, latency_s=latency_s), kind)


def _state(status: int, kind: str) -> State:
    if kind == BUDGET_SPENT:
        return "skipped"
    return "model_error" if status in _REFUSALS else "infra_error"


def first_choice(body: dict[str, Any]) -> dict[str, Any]:
    """Return the first of the answer's choices, an empty one where there is none."""
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else {}
    return first if isinstance(first, dict) else {}


def usage_of(body: dict[str, Any]) -> dict[str, int | None]:
    """Return how many tokens the prompt and the answer had, None where the server does not say."""
    usage = body.get("usage")
    told = usage if isinstance(usage, dict) else {}
    return {name: _count(told.get(name)) for name in ("prompt_tokens", "completion_tokens")}


def _said(choice: dict[str, Any], *, chat: bool) -> dict[str, Any]:
    message = choice.get("message") if chat else choice
    return message if isinstance(message, dict) else {}


def _content(content: object) -> str | None:
    if isinstance(content, list):  # the answer in parts, as some servers send it
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else None


def _why_silent(said: dict[str, Any], finish_reason: object) -> str:
    """Return why there is no text where the answer tells it, else an empty string."""
    reasoned = bool(said.get("reasoning_content") or said.get("reasoning"))
    if said.get("tool_calls") or said.get("function_call") or finish_reason in {"tool_calls", "function_call"}:
        return "the model called a tool instead of answering"
    if finish_reason == "length":
        return "the answer is empty: it hit max_tokens" + " while reasoning" * reasoned
    if finish_reason == "content_filter":
        return "the answer is empty: the server's content filter held it back"
    if said.get("refusal"):
        return "the model refused to answer"
    return "the answer is empty: the model reasoned and then said nothing" if reasoned else ""


def _message(body: object, raw: bytes) -> str:
    error = body.get("error", body.get("detail")) if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return " ".join(str(message).split())[:_SHOWN] if message else _shown(raw)


def _json(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _shown(raw: bytes) -> str:
    return " ".join(raw[:_SHOWN].decode("utf-8", "replace").split()) or "an empty body"


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
