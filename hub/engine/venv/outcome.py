"""exit.json in a job's folder: how the supervisor saw the job end."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from hub.engine import backstop, reasons
from hub.files import write_atomic
from hub.job import Ending, JobOutcome

_NAME = "exit.json"
_SHELL_SIGNALS = range(129, 129 + 64)


@dataclass(frozen=True)
class Evidence:
    """What the supervisor saw.

    Attributes:
        status: wait status of the job's first process; None where it was never reaped.
        stopped: whether the supervisor was told to stop before the job ended.
        memory_bytes: what the job held when it was ended for its memory, None where it was not.
        limit_bytes: how much it might hold.
        limit_s: how long it might run, None for ever.
    """

    status: int | None
    stopped: bool = False
    memory_bytes: int | None = None
    limit_bytes: int | None = None
    limit_s: float | None = None


def outcome_of(evidence: Evidence, started_at: float, ended_at: float) -> JobOutcome:
    """Judge the evidence: what evaldock did explains an end before what the process says."""
    code, number = _code_and_signal(evidence.status)
    ending, reason = _ending(evidence, code, number)
    limit_s = evidence.limit_s
    if limit_s is not None and ending is Ending.FAILED and backstop.struck(code, limit_s, ended_at - started_at):
        ending, reason = Ending.TIMED_OUT, backstop.reason(limit_s)
    return JobOutcome(ending, code, number, reason, started_at, ended_at)


def _code_and_signal(status: int | None) -> tuple[int | None, int | None]:
    """Return exit code and signal; the entry reports its command's signal n as 128 + n, as a shell does."""
    if status is None:
        return None, None
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        return None, -code
    return code, code - 128 if code in _SHELL_SIGNALS else None


def _ending(evidence: Evidence, code: int | None, number: int | None) -> tuple[Ending, str]:
    if evidence.memory_bytes is not None and evidence.limit_bytes is not None:
        return Ending.OUT_OF_MEMORY, reasons.out_of_memory(evidence.limit_bytes, evidence.memory_bytes)
    if evidence.stopped:
        return Ending.STOPPED, "it was told to stop"
    if number is not None:
        return Ending.SIGNALLED, reasons.signalled(number)
    if code is None:
        return Ending.LOST, "it left no exit status"
    return (Ending.SUCCEEDED, "") if code == 0 else (Ending.FAILED, reasons.exited(code))


def write_outcome(folder: Path, outcome: JobOutcome) -> None:
    """Write exit.json at once and whole."""
    write_atomic(folder / _NAME, json.dumps(asdict(outcome), indent=2, sort_keys=True) + "\n")


def read_outcome(folder: Path) -> JobOutcome | None:
    """Return what exit.json says; None where there is none."""
    try:
        fields = json.loads((folder / _NAME).read_text())
        return JobOutcome(**{**fields, "ending": Ending(fields["ending"])})
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def clear_outcome(folder: Path) -> None:
    """Remove the outcome of an earlier attempt."""
    (folder / _NAME).unlink(missing_ok=True)
