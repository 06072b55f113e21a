"""How a job ended is judged from evidence: what evaldock did comes before what the process says."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from hub.engine.venv.outcome import Evidence, clear_outcome, outcome_of, read_outcome, write_outcome
from hub.job import Ending

_GIB = 1 << 30


def _exited(code: int) -> int:
    return code << 8


@pytest.mark.parametrize(
    ("evidence", "ending", "code", "number"),
    [
        (Evidence(_exited(0)), Ending.SUCCEEDED, 0, None),
        (Evidence(_exited(3)), Ending.FAILED, 3, None),
        (Evidence(_exited(128 + 11)), Ending.SIGNALLED, 139, signal.SIGSEGV),
        (Evidence(int(signal.SIGKILL)), Ending.SIGNALLED, None, signal.SIGKILL),
        (Evidence(_exited(143), stopped=True), Ending.STOPPED, 143, signal.SIGTERM),
        (Evidence(9, memory_bytes=3 * _GIB, limit_bytes=2 * _GIB), Ending.OUT_OF_MEMORY, None, 9),
        (Evidence(9, stopped=True, memory_bytes=3 * _GIB, limit_bytes=_GIB), Ending.OUT_OF_MEMORY, None, 9),
        (Evidence(None), Ending.LOST, None, None),
    ],
)
def test_evidence_is_judged(evidence: Evidence, ending: Ending, code: int | None, number: int | None) -> None:
    outcome = outcome_of(evidence, 1.0, 2.0)

    assert (outcome.ending, outcome.exit_code, outcome.signal) == (ending, code, number)
    assert bool(outcome.reason) == (ending is not Ending.SUCCEEDED)


@pytest.mark.parametrize(("limit_s", "code", "ending"), [(1, 124, "timed_out"), (1, 3, "failed"), (5, 124, "failed")])
def test_a_job_that_ended_itself_after_its_time_out_timed_out(limit_s: float, code: int, ending: str) -> None:
    outcome = outcome_of(Evidence(_exited(code), limit_s=limit_s), 1.0, 3.0)

    assert outcome.ending.value == ending


def test_a_small_limit_of_memory_is_shown_in_a_small_unit() -> None:
    outcome = outcome_of(Evidence(9, memory_bytes=(64 << 20) + (1 << 18), limit_bytes=64 << 20), 1.0, 2.0)

    assert outcome.reason == "out of memory: its limit is 64 MiB, and it held 64.2 MiB; raise resources.memory"


def test_an_outcome_is_read_as_it_was_written(tmp_path: Path) -> None:
    outcome = outcome_of(Evidence(_exited(3)), 1.5, 2.5)

    write_outcome(tmp_path, outcome)

    assert read_outcome(tmp_path) == outcome


def test_no_outcome_or_half_of_one_is_none(tmp_path: Path) -> None:
    assert read_outcome(tmp_path) is None
    (tmp_path / "exit.json").write_text('{"ending": "succ')
    assert read_outcome(tmp_path) is None
    clear_outcome(tmp_path)
    assert not (tmp_path / "exit.json").exists()
