import json
from typing import Any

import pytest

from hub.adapter import Evaluation
from hub.difference import differences
from hub.plan import Plan
from hub.render.plan import plan_to_json
from tests.fakes.adapter import FakeAdapter
from tests.hub.test_plan import TASK, plan


class Timed(FakeAdapter):
    """Writes time-outs into its files, as real adapters do."""

    def translate(self, evaluation: Evaluation) -> dict[str, str]:
        text = f"wait: {evaluation.deadline_s}\nat once: {evaluation.concurrency}\nseed: {evaluation.seed}\n"
        return {"task.yaml": text + self.version}


def recorded(**changes: Any) -> dict[str, Any]:
    """Return plan.json as it is read back."""
    found: dict[str, Any] = json.loads(json.dumps(plan_to_json(plan(**changes))))
    return found


def told(old: dict[str, Any], new: Plan, adapter: FakeAdapter | None = None) -> list[str]:
    return [str(found) for found in differences(old, new, {"echo": adapter or FakeAdapter()})]


def served(**changes: Any) -> dict[str, Any]:
    return {"served": {**TASK["models"]["served"], **changes}}


def test_the_same_task_makes_the_same_results() -> None:
    assert told(recorded(), plan()) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"resources": {"timeout": "9h", "memory": "9g", "gpus": 1}},
        {"gateway": {"budget": {"tokens": 5}, "log_bodies": True, "cache": "off"}},
        {"max_infra_errors": 7},
        {"engine": "venv"},
    ],
)
def test_time_money_and_machine_make_no_results(changes: dict[str, Any]) -> None:
    assert told(recorded(), plan(**changes)) == []


def test_time_outs_and_rates_of_an_endpoint_make_no_results_though_they_stand_in_files() -> None:
    patient = {"timeout": "1h", "concurrency": 2, "requests_per_minute": 3, "retry": {"attempts": 2}}
    old = plan(models=served())
    jobs = [
        {**job, "job": {**job["job"], "files": Timed().translate(old.jobs[0].evaluation)}}
        for job in recorded(models=served())["jobs"]
    ]

    assert told({"jobs": jobs}, plan(models=served(**patient)), Timed()) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": 7}, "seed: 42 -> 7"),
        ({"generation": {"temperature": 0.5}}, "datasets[0].generation.temperature: nothing -> 0.5"),
        ({"models": served(revision="r2")}, "model.revision: r1 -> r2"),
        ({"models": served(endpoint="http://other:1/v1")}, "http://h:1/v1 q@r1 -> endpoint:http://other:1/v1 q@r1"),
        ({"network": "bridge"}, "network: none -> bridge"),
        ({"gateway": {"interceptors": [{"max_tokens": 5}]}}, "interceptors[0].max_tokens: nothing -> 5"),
        ({"judge": {"endpoint": "http://j:1/v1", "model": "x"}}, "judge: false -> true"),
    ],
)
def test_what_makes_results_is_told_with_old_and_new(changes: dict[str, Any], words: str) -> None:
    whole = {"models": served(), **changes}

    assert any(words in line for line in told(recorded(models=served()), plan(**whole)))


def test_another_judge_behind_the_same_word_is_told() -> None:
    judge = {"endpoint": "http://j:1/v1", "model": "x"}

    found = told(recorded(judge=judge), plan(judge={**judge, "model": "y"}))

    assert "1-local-echo: upstreams.judge.model: x -> y" in found


def test_an_adapter_that_writes_something_else_is_told_by_the_line() -> None:
    class Newer(Timed):
        def translate(self, evaluation: Evaluation) -> dict[str, str]:
            return {"task.yaml": super().translate(evaluation)["task.yaml"].replace("seed", "SEED")}

    made = plan(models=served())
    (job,) = recorded(models=served())["jobs"]
    job["job"]["files"] = Timed().translate(made.jobs[0].evaluation)

    assert told({"jobs": [job]}, made, Newer()) == ["1-served-echo: file task.yaml line 3: seed: 42 -> SEED: 42"]


def test_a_newer_adapter_is_told() -> None:
    old = recorded(models=served())
    old["jobs"][0]["adapter_version"] = "0"

    assert told(old, plan(models=served())) == ["1-served-echo: adapter_version: 0 -> 1"]


def test_jobs_that_came_or_went_are_told() -> None:
    assert told(recorded(models=served()), plan(models={**served(), "b": served()["served"]})) == [
        "2-b-echo: job: not planned -> planned"
    ]
    assert told(recorded(models={**served(), "b": served()["served"]}), plan(models=served())) == [
        "2-b-echo: job: planned -> not planned"
    ]


def weights(**serve: Any) -> dict[str, Any]:
    return {"q": {"checkpoint": "./w", "serve": {"engine": "transformers", **serve}}}


def test_what_a_server_may_take_makes_no_results() -> None:
    new = plan(models=weights(gpus=2, memory="9g", timeout="1h"))

    assert told(recorded(models=weights()), new) == []


def test_what_a_server_is_told_makes_results_for_a_judge_too() -> None:
    old, new = weights()["q"], weights(args=["--context", "64"])["q"]

    (of_candidate, *_) = told(recorded(models={"q": old}), plan(models={"q": new}))
    of_judge = told(recorded(judge=old), plan(judge=new))

    assert "served by transformers -> local:./w served by transformers (args --context 64)" in of_candidate
    assert any("upstreams.judge.serve.args[0]: nothing -> --context" in line for line in of_judge)
