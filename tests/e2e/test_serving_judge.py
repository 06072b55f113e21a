"""Judges that evaldock serves itself: shared, asked by candidates of every kind, lost and found again."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.adapters.native.native_task import write_jsonl
from tests.adapters.toolbench.agents import agent, query, write_cache
from tests.adapters.vlmevalkit.tiny_answers import answer as seen
from tests.adapters.vlmevalkit.tiny_data import write_data
from tests.e2e.harness import DATA, ROOT, Ran, evaldock
from tests.fakes.phrase_checkpoint import make_checkpoint
from tests.fakes.upstream import Body, FakeUpstream, last_message

pytestmark = pytest.mark.native_env
BUNDLED = str(ROOT / "configs" / "bundled" / "model")
SERVED = {"dtype": "float32", "serve": {"engine": "transformers"}}
# Right is what contains the first reference; `know` makes it no attempt.
_CASE = (
    "{%- set case = messages[0]['content'].split('\"references\": [\"')[1] -%}"
    '{%- set answer = case.split(\'"answer": "\')[1] -%}'
    "grade:{{ '[right]' if case.split('\"')[0] in answer else '[unsure]' if 'know' in answer else '[wrong]' }}"
)
_GRADES = {"[right]": "CORRECT", "[wrong]": "Incorrect.", "[unsure]": "(C)"}
_PATIENCE_S = 60


@pytest.fixture
def judge(tmp_path: Path) -> dict[str, Any]:
    return {"checkpoint": str(make_checkpoint(tmp_path / "judge", _GRADES, _CASE)), **SERVED}


def write_task(folder: Path, models: dict[str, Any], judge: dict[str, Any], path: Path, **more: Any) -> str:
    data = {"name": "general_qa", "path": str(path), "options": {"judge": True}, **more}
    evaluations = [{"backend": "native", "datasets": [data]}]
    task = {"version": 1, "name": "judged", "models": models, "judge": judge, "evaluations": evaluations}
    (folder / "task.yaml").write_text(yaml.safe_dump(task))
    return "task.yaml"


def servers(ran: Ran) -> dict[str, int]:
    return {server["name"]: server["starts"] for server in ran.report["servers"]}


def results(ran: Ran) -> dict[str, dict[str, Any]]:
    return {job["model"]: job["results"][0] for job in ran.report["jobs"]}


def samples(ran: Ran, job: str) -> list[dict[str, Any]]:
    lines = (ran.folder / "jobs" / job / "samples.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def accuracy(result: dict[str, Any]) -> float:
    return next(metric["value"] for metric in result["metrics"] if metric["name"] == "accuracy")


def test_one_served_judge_grades_an_endpoint_a_served_checkpoint_and_one_that_a_job_loads(
    tmp_path: Path, judge: dict[str, Any], native_python: str
) -> None:
    said = iter(["I do not know", "wrong", *(row["answer"] for row in rows(DATA / "qa.jsonl")[2:6])])
    with FakeUpstream(answer=lambda _: next(said)) as upstream:
        models = {
            "asked": {"endpoint": upstream.base_url, "model": "m", "concurrency": 1},
            "served": {"checkpoint": BUNDLED, **SERVED},
            "loaded": {"checkpoint": BUNDLED, "dtype": "float32"},
        }
        task = write_task(tmp_path, models, judge, DATA / "qa.jsonl", limit=6)
        ran = evaldock(tmp_path, "run", task, "--engine", "venv")

    assert ran.code == 0, ran.err
    assert servers(ran) == {"served": 1, "judge": 1}
    found = results(ran)
    assert {metric["name"]: metric["value"] for metric in found["asked"]["metrics"]} == {
        "accuracy": 4 / 6,
        "not_attempted": 1 / 6,
        "correct_given_attempted": pytest.approx(4 / 5),
        "f_score": pytest.approx(2 * 4 / (5 + 6)),
    }
    for model in ("served", "loaded"):
        (job,) = [job["id"] for job in ran.report["jobs"] if job["model"] == model]
        right = [sample["gold"] in sample["prediction"] for sample in samples(ran, job)]
        assert accuracy(found[model]) == sum(right) / 6
    assert {found[model]["key"]["judge"] for model in models} == {found["asked"]["key"]["judge"]}
    assert found["asked"]["key"]["judge"].startswith(f"local:{judge['checkpoint']} served by transformers (dtype")
    assert " sha256:" in found["asked"]["key"]["judge"]


def rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_judge_with_the_candidates_weights_is_the_same_server_and_what_is_no_verdict_is_no_score(
    tmp_path: Path, native_python: str
) -> None:
    bundled = {"checkpoint": BUNDLED, **SERVED}
    task = write_task(tmp_path, {"m": bundled}, bundled, DATA / "qa.jsonl", limit=3)

    ran = evaldock(tmp_path, "run", task, "--engine", "venv")

    assert ran.code == 1
    assert servers(ran) == {"m": 1}
    result = results(ran)["m"]
    assert (result["counts"]["scored"], result["counts"]["judge_fallback"]) == (0, 3)
    assert not any(metric["value"] for metric in result["metrics"])
    (job,) = ran.report["jobs"]
    assert job["state"] == "failed"
    assert "the judge's reply is no verdict" in job["reason"]


def test_a_judge_that_is_lost_costs_no_answer_and_a_resume_judges_what_is_missing(
    tmp_path: Path, judge: dict[str, Any], native_python: str
) -> None:
    questions = ["one", "two", "three", "four"]
    path = write_jsonl(tmp_path / "rows.jsonl", [{"question": each, "answer": each} for each in questions])

    def answer(body: Body) -> str:
        question = last_message(body)
        if question == "three":
            lose_server(tmp_path)
        return question

    with FakeUpstream(answer=answer) as upstream:
        models = {"m": {"endpoint": upstream.base_url, "model": "m", "concurrency": 1}}
        lost = evaldock(tmp_path, "run", write_task(tmp_path, models, judge, path), "--engine", "venv")
        failed = lost.report
        before = samples(lost, failed["jobs"][0]["id"])
        resumed = evaldock(tmp_path, "resume")
        asked = Counter(last_message(request.json) for request in upstream.requests if request.method == "POST")

    assert lost.code == 1
    assert failed["jobs"][0]["reason"].startswith("server 'judge' ended")
    assert {sample["state"] for sample in before} <= {"scored", "judge_fallback", "skipped"}
    assert {"one", "two"} <= {sample.get("prediction") for sample in before}
    assert resumed.code == 0, resumed.err
    assert asked == Counter(questions)
    assert accuracy(results(resumed)["m"]) == 1.0


def lose_server(folder: Path) -> None:
    """End the run's only server, and once more when it was started again."""
    known: set[int] = set()
    for _ in range(2):
        found = awaited(folder, known)
        known |= found
        for process in found:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)


def awaited(folder: Path, known: set[int]) -> set[int]:
    """Return the server's processes that are not known, once there are any."""
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        if found := set(processes(str(folder / "runs"))) - known:
            return found
        time.sleep(0.05)
    raise TimeoutError("no server was started")


def processes(mark: str) -> Iterator[int]:
    """Yield the model servers whose environment names `mark`."""
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = (path / "cmdline").read_bytes(), (path / "environ").read_bytes()
        except OSError:
            continue
        if b"adapters.native.server" in command and mark.encode() in command + environment:
            yield int(path.name)


_CALL = '{{"name": "{}", "parameters": '
_TOOL_PHRASES = {
    "[start]": "nobody asks for this",
    _CALL.format("check_answer_status"): '{"answer_status": "Solved", "reason": "it rains"}}',
    "{": '"error": "", "response": "simulated rain"}',
}


@pytest.mark.e2e
def test_one_server_judges_an_agent_and_stands_in_for_its_apis(tmp_path: Path) -> None:
    """ToolBench forces its judge to call a function, and asks its simulator for JSON."""
    second = {"checkpoint": str(make_checkpoint(tmp_path / "second", _TOOL_PHRASES, "[start]")), **SERVED}
    (tmp_path / "queries.json").write_text(json.dumps([query(1, "good"), query(2, "good")]))
    write_cache(tmp_path / "cache")

    def elsewhere(body: Body) -> Any:
        return json.loads(json.dumps(agent(body)).replace("Oslo", "Paris"))

    with FakeUpstream(answer=elsewhere) as upstream:
        data = {"name": "stable/own", "path": "./queries.json", "options": {"method": "cot"}}
        task = {
            "version": 1,
            "name": "toolbench",
            "models": {"m": {"endpoint": upstream.base_url, "model": "m"}},
            "judge": second,
            "simulator": second,
            "evaluations": [
                {"backend": "toolbench", "datasets": [data], "options": {"cache": "./cache", "api": "simulate"}}
            ],
        }
        (tmp_path / "task.yaml").write_text(yaml.safe_dump(task))
        ran = evaldock(tmp_path, "run", "task.yaml", "--engine", "docker")

    assert ran.code == 0, ran.err
    assert servers(ran) == {"judge": 1}
    assert ran.scores()["stable/own"]["sopr"] == 1.0
    (job,) = ran.report["jobs"]
    assert {part["role"]: part["failed"] for part in job["usage"]} == {"candidate": 0, "judge": 0, "simulator": 0}
    key = job["results"][0]["key"]
    assert key["judge"] == key["simulator"]
    assert " served by transformers" in key["judge"]


@pytest.mark.e2e
def test_a_served_judge_grades_open_questions_about_pictures(tmp_path: Path) -> None:
    grader = make_checkpoint(tmp_path / "judge", {"[start]": "0.5"}, "[start]")
    options = {"data": str(write_data(tmp_path / "LMUData"))}
    with FakeUpstream(answer=seen) as upstream:
        task = {
            "version": 1,
            "name": "pictures",
            "models": {"m": {"endpoint": upstream.base_url, "model": "m", "modality": "vision"}},
            "judge": {"checkpoint": str(grader), **SERVED},
            "evaluations": [{"backend": "vlmevalkit", "datasets": ["MMVet"], "options": options}],
        }
        (tmp_path / "task.yaml").write_text(yaml.safe_dump(task))
        ran = evaldock(tmp_path, "run", "task.yaml", "--engine", "docker")

    assert ran.code == 0, ran.err
    (job,) = ran.report["jobs"]
    assert job["results"][0]["metrics"][0]["value"] == 0.5
    assert " served by transformers" in job["results"][0]["key"]["judge"]
    assert servers(ran) == {"judge": 1}
