"""ToolBench as a user runs it: sealed containers, recorded and simulated APIs, a judge; killed and resumed, too."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.adapters.toolbench.agents import KINDS, endpoint, queries, query, write_cache
from tests.e2e.harness import EVALDOCK, REAL_DATA, ROOT, Held, Ran, evaldock, mock_server
from tests.fakes.upstream import Body, FakeUpstream

pytestmark = pytest.mark.e2e
_QUERIES = REAL_DATA / "stabletoolbench"
_METHODS = ({"method": "cot", "max_steps": 9}, {"method": "dfsdt", "max_steps": 9, "max_calls": 12})


def write_task(folder: Path, url: str, path: Path, **options: object) -> str:
    """Write a task that lets an agent work on a file of queries in both ways, with cache, simulator and judge."""
    if not (folder / "cache").exists():
        write_cache(folder / "cache")
    model = {"endpoint": url, "model": "mock"}
    datasets = [
        {"name": "stable/own", "alias": part["method"], "path": str(path), "options": part} for part in _METHODS
    ]
    task = {
        "version": 1,
        "name": "toolbench",
        "models": {"m": model},
        "judge": model,
        "simulator": model,
        "evaluations": [
            {
                "backend": "toolbench",
                "datasets": datasets,
                "options": {"cache": "./cache", "api": "simulate", **options},
            }
        ],
    }
    (folder / "task.yaml").write_text(yaml.safe_dump(task))
    return "task.yaml"


def written(ran: Ran) -> dict[str, str]:
    """Return what the runner wrote, by name: answers, converted answers, judgements and figures."""
    (output,) = (ran.folder / "jobs").glob("*/output")
    files = [
        path for path in sorted(output.rglob("*.json*")) if path.name not in {"events.jsonl", "predictions.jsonl"}
    ]
    return {str(path.relative_to(output)): path.read_text() for path in files}


def usage(ran: Ran) -> dict[str, Any]:
    return {part["role"]: part for part in ran.report["jobs"][0]["usage"]}


def test_an_agent_in_a_sealed_container_does_the_same_in_two_runs(tmp_path: Path) -> None:
    made = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "queries.json").write_text(json.dumps(queries()))
        with FakeUpstream(answer=endpoint) as upstream:
            task = write_task(tmp_path / name, upstream.base_url, tmp_path / name / "queries.json")
            made.append(evaldock(tmp_path / name, "run", task, "--engine", "docker"))

    first, second = made
    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert first.report["jobs"][0]["isolation"] == "container"
    assert written(first) == written(second)
    assert len([name for name in written(first) if "/answers/" in name]) == 2 * len(KINDS)
    assert first.scores()["cot"]["sopr"] == pytest.approx(2 / 6)
    assert {role: part["failed"] for role, part in usage(first).items()} == {"candidate": 0, "judge": 0}
    page = (first.folder / "report.html").read_text()
    assert "sopr" in page


def test_what_is_not_recorded_is_simulated(tmp_path: Path) -> None:
    (tmp_path / "queries.json").write_text(json.dumps([query(1, "unknown"), query(2, "good")]))

    def elsewhere(body: Body) -> Any:
        said = endpoint(body)
        return json.loads(json.dumps(said).replace("Oslo", "Paris"))

    with FakeUpstream(answer=elsewhere) as upstream:
        ran = evaldock(tmp_path, "run", write_task(tmp_path, upstream.base_url, tmp_path / "queries.json"))

    assert ran.code == 0, ran.err
    assert usage(ran)["simulator"]["calls"] == 2  # once a data set: the second query alone calls what there is
    assert ran.report["jobs"][0]["results"][0]["key"]["simulator"].endswith(" mock")


def test_a_killed_run_goes_on_and_asks_nothing_twice(tmp_path: Path) -> None:
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
        many = [query(number, KINDS[number % len(KINDS)]) for number in range(60)]
        (tmp_path / name / "queries.json").write_text(json.dumps(many))
    with FakeUpstream(answer=endpoint) as upstream:
        task = write_task(tmp_path / "whole", upstream.base_url, tmp_path / "whole" / "queries.json")
        whole = evaldock(tmp_path / "whole", "run", task)
        asked = Counter(_what(request.json) for request in upstream.requests)
    held = Held(endpoint, sum(asked.values()) // 3)
    with FakeUpstream(answer=held) as upstream:
        task = write_task(tmp_path / "killed", upstream.base_url, tmp_path / "killed" / "queries.json")
        command = [EVALDOCK, "run", task, "--quiet"]
        with subprocess.Popen(command, cwd=tmp_path / "killed", stdout=subprocess.DEVNULL) as hub, held.midst():
            hub.kill()
            hub.wait()
        before = len(upstream.requests)
        resumed = evaldock(tmp_path / "killed", "resume")
        again = Counter(_what(request.json) for request in upstream.requests) - asked

    assert (whole.code, resumed.code) == (0, 0), whole.err + resumed.err
    assert before < sum(asked.values())
    assert resumed.report["jobs"][0]["starts"] == 2
    assert resumed.scores() == whole.scores()
    assert written(resumed) == written(whole)
    assert again.total() <= 8  # those that were under way


@pytest.mark.parametrize(("rate", "share"), [("0", 1.0), ("0.5", 0.5)])
def test_the_mock_server_stands_in_for_model_judge_and_simulator(tmp_path: Path, rate: str, share: float) -> None:
    for file in ("my-queries.json", "my-steps.jsonl"):
        shutil.copy(ROOT / "configs/toolbench" / file, tmp_path)
    steps = [json.loads(line) for line in (tmp_path / "my-steps.jsonl").read_text().splitlines()]
    called = [step for step in steps if "Action: Finish" not in step["target"]]
    (tmp_path / "my-steps.jsonl").write_text("".join(json.dumps(step) + "\n" for step in called))

    def task(url: str) -> str:
        write_task(tmp_path, url, tmp_path / "my-queries.json")
        content = yaml.safe_load((tmp_path / "task.yaml").read_text())
        static = {"name": "static/own", "alias": "steps", "path": "./my-steps.jsonl"}
        content["evaluations"][0]["datasets"].append(static)
        (tmp_path / "task.yaml").write_text(yaml.safe_dump(content))
        return "task.yaml"

    with mock_server(tmp_path, "--gold", task("http://127.0.0.1:8000/v1"), "--error-rate", rate) as url:
        ran = evaldock(tmp_path, "run", task(url))

    assert ran.code == 0, ran.err
    scores = ran.scores()
    assert (scores["cot"]["sopr"], scores["dfsdt"]["sopr"], scores["steps"]["action_em"]) == (share,) * 3
    assert (scores["cot"]["finish_rate"], scores["cot"]["failed_call_rate"]) == (1.0, 0.0)
    assert "unmatched" not in (tmp_path / "mock.err").read_text()


def _what(body: Body) -> str:
    """Return what a request asks, apart from the model's name."""
    return json.dumps({name: value for name, value in body.items() if name != "model"}, sort_keys=True)


@pytest.mark.skipif(not _QUERIES.is_dir(), reason="StableToolBench's queries are not beside the checkout")
def test_real_queries_are_worked_on(tmp_path: Path) -> None:
    """Files of StableToolBench's queries, as published; the agent calls what is offered first, then answers."""

    def calling(body: Body) -> Any:
        if "tool_choice" in body or "response_format" in body:
            return endpoint(body)
        told = [message for message in body["messages"] if message["role"] == "tool"]
        name = body["tools"][0]["function"]["name"] if not told else "Finish"
        given = {"return_type": "give_answer", "final_answer": "rain"} if told else {}
        call = {"name": name, "arguments": json.dumps(given)}
        return {"tool_calls": [{"id": f"c{len(told)}", "type": "function", "function": call}]}

    for file in sorted(_QUERIES.glob("*.json")):
        folder = tmp_path / file.stem
        folder.mkdir()
        with FakeUpstream(answer=calling) as upstream:
            ran = evaldock(folder, "run", write_task(folder, upstream.base_url, file, compat="upstream"))

        assert ran.code == 0, ran.err
        planned = len(json.loads(file.read_text()))
        assert [result["counts"]["scored"] for result in ran.report["jobs"][0]["results"]] == [planned, planned]
        assert ran.scores()["dfsdt"]["finish_rate"] == 1.0
