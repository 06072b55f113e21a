"""Read one HTTP answer of an OpenAI-compatible server into an outcome, or into the reason why it is none."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from adapters.native.evaluator.request import Outcome

_SHOWN = 300


class Reply(NamedTuple):
    """An outcome, and what kind of failure it is ("" for none): equal kinds in a row mean that nobody is there."""

    outcome: Outcome
    failure: str = ""

    @staticmethod
    def failed(kind: str, error: str, latency_s: float | None = None) -> Reply:
        """Return the reply of a request that failed on the way."""
        return Reply(Outcome("infra_error", error=error, latency_s=latency_s), kind)


def read_reply(status: int, raw: bytes, *, chat: bool, latency_s: float) -> Reply:
    """Return what the server answered; anything but a well-formed completion is an infra_error, never a score."""
    body = _json(raw)
    if status != 200:
        return Reply.failed(f"HTTP {status}", f"HTTP {status}: {_message(body, raw)}", latency_s)
    if not isinstance(body, dict):
        return Reply.failed("not JSON", f"HTTP 200, but no JSON object: {_shown(raw)}", latency_s)
    choice = _first_choice(body)
    text = _content(choice, chat=chat)
    if text is None:
        return Reply.failed("no content", f"the answer has no content: {_shown(raw)}", latency_s)
    raw_usage = body.get("usage")
    usage = raw_usage if isinstance(raw_usage, dict) else {}
    outcome = Outcome(
        text=text,
        truncated=choice.get("finish_reason") == "length",
        latency_s=latency_s,
        tokens_in=_count(usage.get("prompt_tokens")),
        tokens_out=_count(usage.get("completion_tokens")),
    )
    return Reply(outcome)


def _first_choice(body: dict[str, Any]) -> dict[str, Any]:
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else {}
    return first if isinstance(first, dict) else {}


def _content(choice: dict[str, Any], *, chat: bool) -> str | None:
    message = choice.get("message") if chat else choice
    content = message.get("content" if chat else "text") if isinstance(message, dict) else None
    if isinstance(content, list):  # the answer in parts, as some servers send it
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    if content is None and choice.get("finish_reason") == "length":
        return ""  # a reasoning model that spent its tokens before it answered: its own failure, not the server's
    return content if isinstance(content, str) else None


def _message(body: object, raw: bytes) -> str:
    error = body.get("error", body.get("detail")) if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return str(message)[:_SHOWN] if message else _shown(raw)


def _json(raw: bytes) -> object:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _shown(raw: bytes) -> str:
    return " ".join(raw[:_SHOWN].decode("utf-8", "replace").split()) or "an empty body"


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
