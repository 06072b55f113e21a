"""Whole runs through the venv engine: the quickstart, and an endpoint. Part of `make test`."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import DATA, ROOT, evaldock, gold_answers, gsm8k_task, right_answer
from tests.fakes.upstream import FakeUpstream

pytestmark = pytest.mark.native_env
EXPECTED = json.loads((DATA / "expected_scores.json").read_text())


def test_the_quickstart_scores_what_its_documentation_says(tmp_path: Path, native_python: str) -> None:
    ran = evaldock(tmp_path, "run", "quickstart", "--engine", "venv")

    assert ran.code == 0, ran.err
    scores = ran.scores()
    assert scores["choices"]["accuracy"] == pytest.approx(EXPECTED["mcq"]["accuracy"], abs=1e-9)
    assert scores["questions"]["exact_match"] == pytest.approx(EXPECTED["qa"]["exact_match"], abs=1e-9)
    assert scores["word-problems"]["accuracy"] == pytest.approx(EXPECTED["word_problems"]["accuracy"], abs=1e-9)
    assert scores["choices"]["accuracy"] > 0.6  # chance is 0.25
    assert 0.3 < scores["questions"]["exact_match"] < 1.0  # and imperfect


def test_an_endpoint_on_loopback_is_reached_and_its_key_stays_outside(tmp_path: Path, native_python: str) -> None:
    secret = "canary-4711-never-on-disk"
    with FakeUpstream(answer=right_answer) as upstream:
        task = gsm8k_task(tmp_path, upstream.base_url, key_env="CANARY_KEY")
        ran = evaldock(tmp_path, "run", str(task), "--engine", "venv", CANARY_KEY=secret)

    assert ran.code == 0, ran.err
    assert ran.scores()["gsm8k"]["accuracy"] == 1.0
    sent = [request for request in upstream.requests if request.method == "POST"]
    assert len(sent) == 20
    assert {request.headers["authorization"] for request in sent} == {f"Bearer {secret}"}
    assert {request.json["model"] for request in sent} == {"mock"}
    assert subprocess.run(["grep", "-rlF", secret, str(tmp_path)], capture_output=True).stdout == b""


def test_failed_requests_are_counted_and_never_scored(tmp_path: Path, native_python: str) -> None:
    asked = list(gold_answers())[:20]

    def answer(body: dict[str, Any]) -> str:
        return right_answer(body)

    bad = asked[3]
    with FakeUpstream(answer=answer, fault="500", fault_when=lambda body: bad in str(body.get("messages"))) as up:
        task, flags = gsm8k_task(tmp_path, up.base_url), ("--set", "models.m.retry.attempts=2")
        ran = evaldock(tmp_path, "run", str(task), "--engine", "venv", *flags)

    assert ran.code == 1
    (job,) = ran.report["jobs"]
    (result,) = job["results"]
    assert job["state"] == "partial"
    assert (result["counts"]["planned"], result["counts"]["scored"], result["counts"]["infra_error"]) == (20, 19, 1)
    assert ran.scores()["gsm8k"]["accuracy"] == 1.0


@pytest.mark.parametrize("fault", ["html", "401"])
def test_an_endpoint_that_is_none_is_a_prerequisite(tmp_path: Path, fault: Any) -> None:
    with FakeUpstream(fault=fault) as upstream:
        ran = evaldock(tmp_path, "run", str(gsm8k_task(tmp_path, upstream.base_url)), "--engine", "venv")

    assert ran.code == 3
    assert "endpoint 'm'" in ran.err
    assert "Traceback" not in ran.err
    assert not ran.runs.exists()


def test_a_refused_endpoint_is_a_prerequisite(tmp_path: Path) -> None:
    ran = evaldock(tmp_path, "run", str(gsm8k_task(tmp_path, "http://127.0.0.1:9/v1")), "--engine", "venv")

    assert ran.code == 3
    assert "endpoint 'm'" in ran.err
    assert not ran.runs.exists()


def own(tmp_path: Path, name: str, text: str, dataset: str = "general_qa") -> Path:
    (tmp_path / name).write_text(text)
    task = tmp_path / "task.yaml"
    task.write_text(
        f"version: 1\nname: own\nmodels: {{m: {{checkpoint: '{ROOT / 'configs' / 'bundled' / 'model'}'}}}}\n"
        f"evaluations: [{{backend: native, datasets: [{{name: {dataset}, path: ./{name}}}]}}]\n"
    )
    return task


@pytest.mark.parametrize(
    ("dataset", "name", "text", "words"),
    [
        ("general_qa", "empty.jsonl", "", "empty"),
        ("general_qa", "wrong.jsonl", '{"qestion": "a", "answer": "b"}\n', "question"),
        ("general_qa", "bad.jsonl", '{"question": "a", "answer": "b"}\n{"question": \n', "bad.jsonl"),
        ("general_mcq", "gold.csv", "question,A,B,answer\nq,1,2,C\n", "gold.csv"),
    ],
)
def test_data_that_cannot_be_read_says_where_and_why(
    tmp_path: Path, native_python: str, dataset: str, name: str, text: str, words: str
) -> None:
    ran = evaldock(tmp_path, "run", str(own(tmp_path, name, text, dataset)), "--engine", "venv")

    assert ran.code == 1
    (job,) = ran.report["jobs"]
    assert job["state"] == "failed"
    assert words in job["reason"]
    assert "Traceback" not in ran.err + ran.out
