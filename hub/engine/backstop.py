"""The time-out that a job keeps by itself, should its hub die: told to its entry, recognised in its end."""

from __future__ import annotations

from hub.job import Job
from hub.text import show_duration

VARIABLE = "EVALDOCK_TIMEOUT_S"
CODE = 124  # the entry's, as of timeout(1)
# The hub stops a job at its limit and gives it a grace period; only a hub that is gone needs longer.
SLACK_S = 60.0


def backstop(job: Job) -> dict[str, str]:
    """Return the variables that tell the job's entry when to end it; none where the job has no limit."""
    limit_s = job.limits.timeout_s
    return {} if limit_s is None else {VARIABLE: f"{limit_s + SLACK_S:.3f}"}


def limit_of(told: str | None) -> float | None:
    """Return the job's limit in seconds from what its entry was told."""
    return float(told) - SLACK_S if told else None


def struck(code: int | None, limit_s: float, ran_s: float) -> bool:
    """Return whether the entry ended the job: a command may exit with the same code, but not that late."""
    return code == CODE and ran_s >= limit_s


def reason(limit_s: float) -> str:
    """Return why such a job ended."""
    return (
        f"it ended itself after its time-out of {show_duration(limit_s)}: the hub that should have stopped it did not"
    )
