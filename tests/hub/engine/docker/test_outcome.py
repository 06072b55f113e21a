"""How the daemon's record of a container becomes an outcome."""

from __future__ import annotations

from typing import Any

import pytest

from hub.engine.backstop import backstop
from hub.engine.docker.outcome import ended, exited, parse_time
from hub.job import Ending, Job, Limits


def record(code: int, env: tuple[str, ...] = (), **state: Any) -> dict[str, Any]:
    times = {"StartedAt": "2026-01-31T12:00:00.5Z", "FinishedAt": "2026-01-31T12:00:02.123456789Z"}
    return {"State": {"ExitCode": code, **times, **state}, "HostConfig": {"Memory": 64 << 20}, "Config": {"Env": env}}


@pytest.mark.parametrize(
    ("code", "oom", "ending", "number", "reason"),
    [
        (0, False, Ending.SUCCEEDED, None, ""),
        (0, True, Ending.SUCCEEDED, None, ""),
        (3, False, Ending.FAILED, None, "exit code 3"),
        (255, False, Ending.FAILED, None, "exit code 255"),
        (139, False, Ending.SIGNALLED, 11, "SIGSEGV"),
        (128 + 40, False, Ending.SIGNALLED, 40, "40"),
        (137, False, Ending.SIGNALLED, 9, "not by evaldock"),
        (137, True, Ending.OUT_OF_MEMORY, 9, "64 MiB"),
        (1, True, Ending.OUT_OF_MEMORY, None, "64 MiB"),
    ],
)
def test_an_exit_code_is_told_apart(code: int, *, oom: bool, ending: Ending, number: int | None, reason: str) -> None:
    outcome = exited(record(code), oom=oom, started_at=1.0)

    assert (outcome.ending, outcome.exit_code, outcome.signal) == (ending, code, number)
    assert reason in outcome.reason
    assert bool(outcome.reason) == bool(reason)


@pytest.mark.parametrize(("limit_s", "code", "ending"), [(1, 124, "timed_out"), (1, 3, "failed"), (5, 124, "failed")])
def test_a_job_that_ended_itself_after_its_time_out_timed_out(limit_s: float, code: int, ending: str) -> None:
    env = backstop(Job("j", "echo", ("true",), {}, limits=Limits(timeout_s=limit_s)))

    outcome = exited(record(code, tuple(f"{name}={value}" for name, value in env.items())), oom=False, started_at=1.0)

    assert outcome.ending.value == ending


def test_a_job_without_a_limit_that_exits_with_124_failed() -> None:
    assert exited(record(124, ("A=1",)), oom=False, started_at=1.0).ending is Ending.FAILED


def test_a_job_never_ends_before_it_began() -> None:
    outcome = exited(record(0, StartedAt="2026-01-31T12:00:03Z"), oom=False, started_at=1.0)

    assert outcome.started_at == outcome.ended_at


def test_times_are_the_daemons() -> None:
    outcome = exited(record(0), oom=False, started_at=1.0)

    assert (outcome.started_at, outcome.ended_at) == (1769860800.5, pytest.approx(1769860802.123457))


def test_a_container_that_never_started_keeps_the_hubs_time() -> None:
    outcome = exited(record(127, StartedAt="0001-01-01T00:00:00Z", Error="no such file"), oom=False, started_at=1.0)

    assert (outcome.started_at, outcome.reason) == (1.0, "no such file")


def test_what_evaldock_ended_keeps_its_reason() -> None:
    outcome = ended(record(143), Ending.TIMED_OUT, "it took longer than 2 h", started_at=1.0)

    assert (outcome.ending, outcome.reason, outcome.signal) == (Ending.TIMED_OUT, "it took longer than 2 h", 15)


def test_what_is_gone_has_no_exit_code() -> None:
    outcome = ended(None, Ending.LOST, "gone", started_at=1.0)

    assert (outcome.ending, outcome.exit_code, outcome.signal, outcome.started_at) == (Ending.LOST, None, None, 1.0)


@pytest.mark.parametrize("text", ["", "0001-01-01T00:00:00Z", "yesterday"])
def test_no_time_is_none(text: str) -> None:
    assert parse_time(text) is None
