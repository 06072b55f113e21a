"""Questions that the task's judge grades: the whole way through the venv engine and the gateway, and a resume."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.adapters.native.native_task import write_jsonl
from tests.e2e.harness import ROOT, Ran, evaldock
from tests.fakes.upstream import Body, FakeUpstream, last_message

pytestmark = pytest.mark.native_env
CASES = ("right", "wrong", "unknown", "rambling", "failing")
VERDICTS = {"right": "A", "wrong": "INCORRECT", "unknown": "(C)", "rambling": "Hard to say.", "failing": "A"}


def verdict(body: Body) -> str:
    """Return what the case that is graded, or was in the first turn, is to get."""
    graded = body["messages"][0]["content"]
    return next(said for case, said in VERDICTS.items() if f'"question": "Is it {case}?"' in graded)


@pytest.fixture
def judge() -> Iterator[FakeUpstream]:
    def failing(body: Body) -> bool:
        return "Is it failing?" in str(body.get("messages"))

    with FakeUpstream(answer=verdict, models=("wise",), fault="500", fault_when=failing) as served:
        yield served


def run(folder: Path, model: dict[str, Any], judge_url: str, data: dict[str, Any]) -> Ran:
    rows = [{"problem": f"Is it {case}?", "question": f"Is it {case}?", "answer": "yes"} for case in CASES]
    data = {**data, "path": str(write_jsonl(folder / "rows.jsonl", rows))}
    task = {
        "version": 1,
        "name": "judged",
        "models": {"m": model},
        "judge": {"endpoint": judge_url, "model": "wise", "retry": {"attempts": 1}},
        "evaluations": [{"backend": "native", "datasets": [data]}],
    }
    (folder / "task.yaml").write_text(yaml.safe_dump(task))
    return evaldock(folder, "run", "task.yaml", "--engine", "venv")


def result(ran: Ran) -> dict[str, Any]:
    (job,) = ran.report["jobs"]
    (found,) = job["results"]
    return dict(found)


def fates(ran: Ran) -> dict[str, str]:
    lines = next((ran.folder / "jobs").glob("*/samples.jsonl")).read_text().splitlines()
    return {str(sample["prediction"]): sample["state"] for sample in map(json.loads, lines)}


def test_every_answer_is_graded_or_says_why_not_and_a_resume_asks_for_what_is_missing(
    tmp_path: Path, judge: FakeUpstream, native_python: str
) -> None:
    with FakeUpstream(answer=lambda body: last_message(body)[6:-1]) as candidate:
        model = {"endpoint": candidate.base_url, "model": "fake"}
        first = run(tmp_path, model, judge.base_url, {"name": "simple_qa"})
        judge.fault = None
        resumed = evaldock(tmp_path, "resume")
        asked = [last_message(request.json) for request in candidate.requests if request.method == "POST"]

    assert first.code != 0
    assert sorted(text for text in asked if text.startswith("Is it ")) == sorted(f"Is it {case}?" for case in CASES)
    counts = result(resumed)["counts"]
    assert (counts["planned"], counts["scored"], counts["judge_fallback"]) == (5, 4, 1)
    assert fates(resumed) == dict.fromkeys(CASES, "scored") | {"rambling": "judge_fallback"}
    assert resumed.scores()["simple_qa"] == {
        "accuracy": 2 / 4,
        "not_attempted": 1 / 4,
        "correct_given_attempted": pytest.approx(2 / 3),
        "f_score": pytest.approx(2 * 2 / (3 + 4)),
    }
    assert "wise" in result(resumed)["key"]["judge"]
    assert resumed.report["jobs"][0]["reason"] == (
        "simple_qa: 1 of 5 samples without the judge's verdict, most often because: "
        "the judge's reply is no verdict: 'Hard to say.'"
    )


def test_a_verdict_that_failed_is_no_score(tmp_path: Path, judge: FakeUpstream, native_python: str) -> None:
    with FakeUpstream(answer=lambda body: last_message(body)[6:-1]) as candidate:
        ran = run(tmp_path, {"endpoint": candidate.base_url, "model": "fake"}, judge.base_url, {"name": "simple_qa"})

    counts = result(ran)["counts"]
    assert (ran.report["jobs"][0]["state"], counts["scored"], counts["judge_fallback"]) == ("partial", 3, 2)
    assert ran.scores()["simple_qa"]["accuracy"] == pytest.approx(1 / 3)
    assert fates(ran)["failing"] == "judge_fallback"


def test_answers_of_a_checkpoint_are_graded_too(tmp_path: Path, judge: FakeUpstream, native_python: str) -> None:
    judge.fault = None
    model = {"checkpoint": str(ROOT / "configs" / "bundled" / "model")}

    ran = run(tmp_path, model, judge.base_url, {"name": "general_qa", "options": {"judge": True}})

    counts = result(ran)["counts"]
    assert (counts["planned"], counts["scored"], counts["judge_fallback"]) == (5, 4, 1), ran.err
    assert ran.scores()["general_qa"]["accuracy"] == 2 / 4
    assert "wise" in result(ran)["key"]["judge"]
