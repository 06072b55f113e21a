"""How a job ended, read from the daemon's record of its container."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from hub.engine import backstop, reasons
from hub.job import Ending, JobOutcome

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z?")
_LAST_SIGNAL = 64


def parse_time(text: str) -> float | None:
    """Return seconds since the epoch for `2026-01-31T12:00:00.123456789Z`; None for the year 1."""
    match = _TIME.match(text)
    if not match or text.startswith("0001"):
        return None
    whole = datetime.strptime(match[1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    return whole.timestamp() + float(match[2] or 0)


def exited(attributes: Mapping[str, Any], *, oom: bool, started_at: float) -> JobOutcome:
    """Return the outcome of a container that ended by itself.

    Args:
        attributes: what the daemon says of it.
        oom: whether the kernel ended any process of it for its memory limit.
        started_at: used where it knows no start.
    """
    state, limit = attributes["State"], attributes["HostConfig"].get("Memory")
    ending, reason = _ending(int(state["ExitCode"]), oom=oom, limit_bytes=limit)
    outcome = _outcome(state, ending, state.get("Error") or reason, started_at)
    limit_s = _limit_s(attributes)
    if limit_s is None or not backstop.struck(outcome.exit_code, limit_s, outcome.ended_at - outcome.started_at):
        return outcome
    return replace(outcome, ending=Ending.TIMED_OUT, reason=backstop.reason(limit_s))


def ended(attributes: Mapping[str, Any] | None, ending: Ending, reason: str, *, started_at: float) -> JobOutcome:
    """Return the outcome of a container that evaldock ended, or that is gone (`attributes` None)."""
    if attributes is None:
        return JobOutcome(ending, None, None, reason, started_at=started_at, ended_at=max(started_at, time.time()))
    return _outcome(attributes["State"], ending, reason, started_at)


def _ending(code: int, *, oom: bool, limit_bytes: int | None) -> tuple[Ending, str]:
    number = _signal(code)
    if code == 0:
        return Ending.SUCCEEDED, ""
    if oom:
        return Ending.OUT_OF_MEMORY, reasons.out_of_memory(limit_bytes)
    if number is None:
        return Ending.FAILED, reasons.exited(code)
    return Ending.SIGNALLED, reasons.signalled(number)


def _limit_s(attributes: Mapping[str, Any]) -> float | None:
    """Return the time-out that the container was started with."""
    entries = (entry.partition("=") for entry in attributes["Config"].get("Env") or ())
    return backstop.limit_of({name: value for name, _, value in entries}.get(backstop.VARIABLE))


def _signal(code: int) -> int | None:
    """Return n for 128 + n, as init and the entry report the end by signal n."""
    return code - 128 if 128 < code <= 128 + _LAST_SIGNAL else None


def _outcome(state: Mapping[str, Any], ending: Ending, reason: str, started_at: float) -> JobOutcome:
    code = int(state["ExitCode"])
    finished = parse_time(state.get("FinishedAt", "")) or time.time()
    started = parse_time(state.get("StartedAt", "")) or started_at
    return JobOutcome(
        ending=ending,
        exit_code=code,
        signal=_signal(code),
        reason=reason,
        # The daemon notes the start after the fact: of a job that ended at once it may say that it began later.
        started_at=min(started, finished),
        ended_at=finished,
    )
