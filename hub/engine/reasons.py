"""Why the process of a job ended, in the words that the user reads: the same whichever engine ran it."""

from __future__ import annotations

import signal

from hub.text import show_memory


def exited(code: int) -> str:
    """Return the reason of an exit code other than 0."""
    return f"exit code {code}"


def signalled(number: int) -> str:
    """Return the reason of an end by a signal that evaldock did not send."""
    if number == signal.SIGKILL:
        return "ended by SIGKILL, not by evaldock: often the host itself ran out of memory"
    return f"ended by {_name(number)}"


def out_of_memory(limit_bytes: int | None, held_bytes: int | None = None) -> str:
    """Return the reason of an end for memory; None where the limit is the host's, or nobody measured."""
    limit = show_memory(limit_bytes) if limit_bytes else "the host's"
    held = f", and it held {show_memory(held_bytes)}" if held_bytes else ""
    return f"out of memory: its limit is {limit}{held}; raise resources.memory"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
