"""One real call of an endpoint: its list of models, a completion of one token, and what its clock says."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import Literal

from hub.endpoint import PROBE_DEADLINE_S, Reply, answered, ask, no_answer, normalize_base_url
from hub.finding import Finding
from hub.text import show_duration

COMPLETION_DEADLINE_S = 60.0
_SKEW_S = 60.0
_MAX_WORDS = 200


def call_once(subject: str, endpoint: str, model: str, key: str | None) -> Iterator[Finding]:
    """Yield what came of the call; the key appears in no finding."""
    base_url = normalize_base_url(endpoint)
    listed = ask(f"{base_url}/models", key, PROBE_DEADLINE_S)
    if not isinstance(listed, Reply):
        yield no_answer(subject, base_url, listed, deadline_s=PROBE_DEADLINE_S)
        return
    first = answered(subject, base_url, model, key, listed)
    if first.level != "ok":
        yield first
    if first.level == "missing":
        return
    body = {"model": model, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
    url = f"{base_url}/chat/completions"
    reply = ask(url, key, COMPLETION_DEADLINE_S, body=json.dumps(body).encode())
    yield completed(subject, url, reply, key)
    if isinstance(reply, Reply):
        yield from clock(subject, reply, time.time())


def completed(subject: str, url: str, reply: Reply | OSError | None, key: str | None) -> Finding:
    """Say what a request for one token tells."""
    if not isinstance(reply, Reply):
        return no_answer(subject, url, reply, deadline_s=COMPLETION_DEADLINE_S)
    if reply.status == 200 and _has_choices(reply.body):
        return Finding("ok", subject, f"{url} answered with one token in {show_duration(reply.seconds)}")
    level, what, mend = _refusal(reply.status)
    return Finding(level, subject, f"{url} {what} ({reply.status}): {_words(reply.body, key)}", mend)


def _refusal(status: int) -> tuple[Literal["warning", "missing"], str, str]:
    match status:
        case 200:
            return "missing", "answers, but with no completion", "give the base address of an OpenAI-compatible API"
        case 401 | 403:
            return "missing", "refused the key", "correct the value of the variable that api_key_env names"
        case 404:
            mend = "correct `model` (the server's name of the model); the server must offer chat completions"
            return "missing", "has no such model or path", mend
        case 400 | 413 | 422:
            mend = "a backend's requests may meet the same: look at the server's settings"
            return "warning", "refused a plain request", mend
        case _:
            return "warning", "gave no completion", "look at the server, and try again later"


def clock(subject: str, reply: Reply, now: float) -> Iterator[Finding]:
    """Yield how far this clock is from the server's, whose Date has whole seconds."""
    try:
        there = parsedate_to_datetime(reply.date)
    except (TypeError, ValueError):
        return
    there = there if there.tzinfo else there.replace(tzinfo=timezone.utc)
    skew = there.timestamp() - (now - reply.seconds / 2)
    if abs(skew) <= _SKEW_S:
        yield Finding("ok", "clock", f"within {max(1, round(abs(skew)))} s of {subject}'s")
        return
    way = "behind" if skew > 0 else "ahead of"
    message = f"this machine's clock is {show_duration(abs(skew))} {way} {subject}'s: certificates and keys may fail"
    yield Finding("warning", "clock", message, "set the right one: `sudo timedatectl set-ntp true`")


def _has_choices(body: bytes) -> bool:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and bool(found.get("choices"))


def _words(body: bytes, key: str | None) -> str:
    """Return what the server said, short and on one line, without the key should it repeat it."""
    text = body.decode("utf-8", "replace")
    try:
        found = json.loads(text)
        error = found.get("error", found) if isinstance(found, dict) else found
        text = str(error.get("message", error) if isinstance(error, dict) else error)
    except (ValueError, RecursionError):
        pass
    if key:
        text = text.replace(key, "***")
    line = " ".join(text.split())
    return line if len(line) <= _MAX_WORDS else f"{line[:_MAX_WORDS]}..."
