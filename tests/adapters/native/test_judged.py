"""Programming problems from the task to the result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from adapters.native.adapter import ADAPTER
from adapters.native.evaluator import programs, termination
from adapters.native.evaluator.sandbox.box import SandboxError
from hub.adapter import DatasetRequest
from tests.adapters.native.fake_server import completion
from tests.adapters.native.native_task import evaluation, request, write_jsonl
from tests.adapters.native.test_run import Job
from tests.fakes.programming_problems import PROBLEMS, asked_for, right_program


def problems(tmp_path: Path, rows: list[dict[str, Any]] = PROBLEMS, **fields: Any) -> DatasetRequest:
    """Return the data set of the self-made problems."""
    return request("humaneval", path=write_jsonl(tmp_path / "problems.jsonl", rows), **fields)


async def some_right(asked: web.Request) -> web.Response:
    """Answer `square` and `half` rightly, `both` wrongly, and `length` not at all."""
    problem = asked_for((await asked.json())["messages"][-1]["content"])
    wrong = {"both": "```python\ndef both(a, b):\n    return [b, a]\n```", "length": "<think>Let me see</think>"}
    return completion(wrong.get(problem["entry_point"]) or right_program(problem))


def test_programs_are_judged_and_say_why_they_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Job(tmp_path / "job", evaluation(problems(tmp_path)))

    assert job.run(monkeypatch, some_right) == 0

    (result,) = job.normalized().results
    assert (result.counts.planned, result.counts.scored, result.counts.unparsed) == (4, 4, 1)
    assert [(metric.name, metric.value) for metric in result.metrics] == [("pass@1", 0.5)]
    lines = [json.loads(line) for line in next((job.output / "samples").iterdir()).read_text().splitlines()]
    (both,) = (line for line in lines if line["id"].endswith("Made/2"))
    assert both["answer"] == "\ndef both(a, b):\n    return [b, a]\n"
    assert both["why"] == "AssertionError in: assert candidate(1, 2) == [1, 2]"


def test_pass_at_k_of_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def first_right(asked: web.Request) -> web.Response:
        problem = asked_for((await asked.json())["messages"][-1]["content"])
        right = asked.headers["X-Evaldock-Sample"].endswith("%231")
        return completion(right_program(problem) if right else "pass")

    asked = problems(tmp_path, options={"repeats": 4, "pass_at": [2, 4]}, generation={"temperature": 0.8}, limit=2)
    job = Job(tmp_path / "job", evaluation(asked))

    job.run(monkeypatch, first_right)

    (result,) = job.normalized().results
    assert {metric.name: metric.value for metric in result.metrics} == {"pass@1": 0.25, "pass@2": 0.5, "pass@4": 1.0}


def test_where_no_program_can_be_judged_there_is_no_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise SandboxError("programs that a model wrote are not run here: no filter")

    monkeypatch.setattr(programs, "judge", refuse)
    job = Job(tmp_path / "job", evaluation(problems(tmp_path)))

    assert job.run(monkeypatch, some_right) == 1

    (result,) = job.normalized().results
    assert "not run here: no filter" in result.absent
    assert not result.metrics
    assert result.counts.scored <= 1  # what gives no program needs no judge


def test_a_job_that_is_ended_waits_for_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[termination.Termination] = []
    made = termination.Termination.__enter__

    def enter(self: termination.Termination) -> termination.Termination:
        told.append(self)
        return made(self)

    def judge_for_ever(*_: object, **__: object) -> None:
        told[0].told = True
        raise SandboxError("never asked for")

    monkeypatch.setattr(termination.Termination, "__enter__", enter)
    monkeypatch.setattr(programs, "judge", judge_for_ever)
    job = Job(tmp_path / "job", evaluation(problems(tmp_path)))

    job.run(monkeypatch, some_right)

    (result,) = job.normalized().results
    assert not result.metrics or result.counts.scored <= 1
    assert result.counts.skipped >= 3


def test_a_problem_that_tests_nothing_is_named_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [PROBLEMS[0], {**PROBLEMS[1], "entry_point": "third"}]
    job = Job(tmp_path / "job", evaluation(problems(tmp_path, rows)))

    assert job.run(monkeypatch, some_right) == 1

    (result,) = job.normalized().results
    assert "problems.jsonl:2: the prompt does not begin the function 'third'" in result.absent


def test_the_list_of_data_sets_says_that_programs_are_run() -> None:
    runs_code = {name for name, info in ADAPTER.datasets().items() if info.runs_code}

    assert "humaneval" in runs_code
    assert "gsm8k" not in runs_code


@pytest.mark.parametrize("value", [0, -1, 1000, "ten"])
def test_a_time_limit_that_makes_no_sense_is_refused(tmp_path: Path, value: object) -> None:
    (found,) = ADAPTER.complain(evaluation(problems(tmp_path, options={"program_timeout": value})))

    assert found.path[:4] == ("datasets", 0, "options", "program_timeout")
