"""Programs that a model wrote, judged in a job of each engine: right ones score, hostile ones harm nobody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import evaldock
from tests.fakes.hostile_programs import FAILING, NAME, REFUSED, RIGHT, TESTS, refused
from tests.fakes.programming_problems import PROBLEMS, asked_for, right_program
from tests.fakes.upstream import FakeUpstream, last_message

pytestmark = [pytest.mark.e2e]
ENGINES = ["docker", "venv"]

# What each battery's program answers: a right one first and last, so that the battery must have left it whole.
HOSTILE = {
    "first": RIGHT,
    **{f"{name} is refused": refused(attempt) for name, attempt in REFUSED.items()},
    **{name: hostile.source for name, hostile in FAILING.items() if not hostile.ends},
    **{name: FAILING[name].source for name in ("loop", "endless output", "deaf")},
    "last": RIGHT,
}


def write_task(folder: Path, url: str, rows: list[dict[str, Any]], *, options: str = "", extra: str = "") -> str:
    """Write the problems and a task that asks an endpoint for programs; return the task's path."""
    (folder / "problems.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = folder / "task.yaml"
    task.write_text(
        f"version: 1\nname: programs\nmodels: {{m: {{endpoint: '{url}', model: mock}}}}\n"
        "evaluations:\n  - backend: native\n"
        f"    datasets: [{{name: humaneval, path: ./problems.jsonl{options}}}]\n"
        f"{extra}"
    )
    return str(task)


def permission(engine: str) -> str:
    """Return what a task must say for programs to be run by an engine: nothing where it is a container."""
    return "allow_unsafe_code: true\n" if engine == "venv" else ""


@pytest.mark.parametrize("engine", ENGINES)
def test_reference_programs_score_one(tmp_path: Path, native_python: str, engine: str) -> None:
    with FakeUpstream(answer=lambda body: right_program(asked_for(last_message(body)))) as upstream:
        task = write_task(tmp_path, upstream.base_url, PROBLEMS, extra=permission(engine))
        ran = evaldock(tmp_path, "run", task, "--engine", engine)

    assert ran.code == 0, ran.err
    assert ran.scores() == {"humaneval": {"pass@1": 1.0}}


@pytest.mark.parametrize("engine", ENGINES)
def test_the_battery_of_hostile_programs(tmp_path: Path, native_python: str, engine: str) -> None:
    rows = [_problem(name) for name in HOSTILE]

    def answer(body: dict[str, Any]) -> str:
        asked = last_message(body)
        return next(f"```python\n{HOSTILE[name]}\n```" for name in HOSTILE if f"[{name}]" in asked)

    with FakeUpstream(answer=answer) as upstream:
        options = ", options: {program_timeout: 3}"
        task = write_task(tmp_path, upstream.base_url, rows, options=options, extra=permission(engine))
        ran = evaldock(tmp_path, "run", task, "--engine", engine)

    assert ran.code == 0, ran.err
    (job,) = ran.report["jobs"]
    (result,) = job["results"]
    assert result["counts"]["scored"] == len(HOSTILE)
    lines = (ran.folder / "jobs").glob("*/output/samples/*.jsonl")
    found = {sample["id"].partition("/")[2]: sample for file in lines for sample in _lines(file)}
    passed = {name for name, sample in found.items() if sample["scores"]["pass@1"] == 1.0}
    assert passed == {name for name in HOSTILE if name not in FAILING}
    for name, hostile in FAILING.items():
        if name in HOSTILE and not hostile.ends:
            said = found[name]["why"]
            assert hostile.why in said or "did not end within" in said, name  # a busy machine is slow to fill memory


def test_without_leave_no_program_runs_outside_a_container(tmp_path: Path, native_python: str) -> None:
    with FakeUpstream() as upstream:
        task = write_task(tmp_path, upstream.base_url, PROBLEMS)
        ran = evaldock(tmp_path, "run", task, "--engine", "venv")

    assert ran.code == 3
    assert "allow_unsafe_code: true" in ran.err
    assert not [request for request in upstream.requests if request.method == "POST"]


def test_a_resumed_run_keeps_the_answers_to_each_asking(tmp_path: Path, native_python: str) -> None:
    options = ", options: {repeats: 3}, generation: {temperature: 0.8}"
    broken = [True]

    def answer(body: dict[str, Any]) -> str:
        return right_program(asked_for(last_message(body))) if body["seed"] % 3 else "pass"

    def fails(body: dict[str, Any]) -> bool:
        return broken[0] and "def half(" in last_message(body)

    with FakeUpstream(answer=answer, fault="500", fault_when=fails) as upstream:
        task = write_task(tmp_path, upstream.base_url, PROBLEMS, options=options, extra=permission("venv"))
        first = evaldock(tmp_path, "run", task, "--engine", "venv", "--set", "models.m.retry.attempts=1")
        broken[0] = False
        asked = len(upstream.requests)
        second = evaldock(tmp_path, "resume")
        again = [last_message(request.json) for request in upstream.requests[asked:] if request.method == "POST"]

    assert (first.code, second.code) == (1, 0), second.err
    assert len(again) == 3
    assert all("def half(" in prompt for prompt in again)
    assert second.scores()["humaneval"] == {"pass@1": pytest.approx(2 / 3), "pass@3": 1.0}


def _problem(name: str) -> dict[str, Any]:
    return {
        "task_id": name,
        "prompt": f'def {NAME}(x):\n    """Return the square [{name}]."""\n',
        "entry_point": NAME,
        "canonical_solution": "    return x * x\n",
        "test": TESTS,
    }


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
