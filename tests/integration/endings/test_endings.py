"""However a backend ends, its job has the right state and says why, nothing of it is left, and the next job runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.e2e.harness import Ran
from tests.integration.endings.conftest import Stage

MEBIBYTE = 1 << 20


class Expected(NamedTuple):
    """A job's state, words of its reason, how its process ended."""

    state: str
    reason: str
    ending: str


BY_THEMSELVES = {
    "well": Expected("succeeded", "", "succeeded"),
    "leave": Expected("failed", "wrote nothing", "succeeded"),
    "crash": Expected("failed", "exit code 3", "failed"),
    "give_up": Expected("failed", "the data is not to its liking. Bring other data", "failed"),
    "oom": Expected("failed", "out of memory: its limit is 128 MiB", "out_of_memory"),
    "oom_child": Expected("failed", "out of memory: its limit is 128 MiB", "out_of_memory"),
    "segfault": Expected("failed", "ended by SIGSEGV", "signalled"),
    "shout": Expected("succeeded", "", "succeeded"),
    "babble": Expected("succeeded", "", "succeeded"),
    "daemon": Expected("succeeded", "", "succeeded"),
    "half_score": Expected("failed", "score.json is not what the backend writes", "succeeded"),
    "pipe": Expected("failed", "neither a file nor a link to one there", "succeeded"),
    "link": Expected("failed", "neither a file nor a link to one there", "succeeded"),
}


@pytest.fixture(scope="module")
def ran(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Return one run with a job for each ending."""
    return stage.run(tmp_path_factory.mktemp("endings"), *([name] for name in BY_THEMSELVES))


def job(ran: Ran, name: str) -> dict[str, Any]:
    found: dict[str, Any] = ran.report["jobs"][list(BY_THEMSELVES).index(name)]
    return found


def file(ran: Ran, name: str, file: str) -> Path:
    return ran.folder / "jobs" / job(ran, name)["id"] / file


@pytest.mark.parametrize("name", BY_THEMSELVES)
def test_a_job_says_how_it_ended(ran: Ran, name: str) -> None:
    found = job(ran, name)

    assert found["state"] == BY_THEMSELVES[name].state, found
    assert BY_THEMSELVES[name].reason in found["reason"]
    assert json.loads(file(ran, name, "outcome.json").read_text())["ending"] == BY_THEMSELVES[name].ending


def test_a_failed_job_is_no_score_and_the_others_have_theirs(ran: Ran) -> None:
    scored = {
        name: bool(job(ran, name)["results"] and job(ran, name)["results"][0]["metrics"]) for name in BY_THEMSELVES
    }

    assert scored == {name: expected.state == "succeeded" for name, expected in BY_THEMSELVES.items()}


def test_the_run_is_partial_and_the_command_says_so(ran: Ran) -> None:
    record = json.loads((ran.folder / "run.json").read_text())

    assert (ran.code, ran.report["state"], record["state"]) == (1, "partial", "partial")
    assert [found["state"] for found in record["jobs"]] == [expected.state for expected in BY_THEMSELVES.values()]
    assert "Traceback" not in ran.out + ran.err


def test_nothing_of_the_jobs_is_left(ran: Ran, stage: Stage) -> None:
    assert stage.leftovers(ran) == []


def test_a_traceback_is_in_the_log(ran: Ran) -> None:
    log = file(ran, "crash", "log.txt").read_text()

    assert "RuntimeError: the backend tripped over its own feet" in log


def test_a_log_without_end_is_bounded_and_says_that_it_was_cut(ran: Ran) -> None:
    log = file(ran, "shout", "log.txt")

    assert log.stat().st_size < 65 * MEBIBYTE
    assert "[evaldock: " in log.read_text(errors="replace")


@pytest.fixture(scope="module")
def ended(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Return a run with a job that must be ended; in containers, also one that does not want to be."""
    wrong = [["hang"], ["deaf"]] if stage.engine == "docker" else [["hang"]]
    # Long enough for two samples on a machine that does much else; both take it at the same time.
    limits = {"memory": "128m", "jobs": 2, "timeout": "12s"}
    return stage.run(tmp_path_factory.mktemp("ended"), *wrong, resources=limits)


@pytest.mark.parametrize("number", [0, 1])
def test_a_job_that_does_not_end_is_ended_whether_it_listens_or_not(ended: Ran, stage: Stage, number: int) -> None:
    if (stage.engine, number) == ("venv", 1):
        pytest.skip("tests/integration/venv has one, with a shorter grace period")
    found = ended.report["jobs"][number]

    assert (found["state"], found["reason"]) == ("failed", "stopped after its time-out of 12.0 s")
    assert found["results"][0]["counts"]["scored"] == 2


def test_a_run_without_any_score_has_failed(ended: Ran, stage: Stage) -> None:
    assert (ended.code, ended.report["state"]) == (1, "failed")
    assert stage.leftovers(ended) == []


@pytest.mark.parametrize(("name", "code", "state"), [("well", 0, "succeeded"), ("crash", 1, "failed")])
def test_the_exit_code_tells(stage: Stage, tmp_path: Path, name: str, code: int, state: str) -> None:
    ran = stage.run(tmp_path, [name])

    assert (ran.code, ran.report["state"]) == (code, state), ran.err
