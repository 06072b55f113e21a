"""A class of the user's own in place of transformers: asked, resumed, and told of when it fails."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.native.evaluator.run import run
from hub.report import SampleState
from tests.adapters.native.native_task import WEIGHTS, evaluation, request, write_jsonl
from tests.adapters.native.test_run import Job

QA = [{"question": f"{n}?", "answer": str(n)} for n in range(40)]
MCQ = [{"question": f"{n}?", "choices": ["no", "yes"], "answer": "yes"} for n in range(4)]
ECHO = """
import pathlib
class Model:
    def __init__(self, config):
        self.config = config
    def predict(self, prompts, **parameters):
        with open(pathlib.Path(self.config["path"]).parent / "asked", "a") as file:
            file.write(f"{len(prompts)} {sorted(parameters)}\\n")
        return [self.one(prompt.rstrip("?")) for prompt in prompts]
    def one(self, text):
        return text
    def loglikelihood(self, pairs):
        return [-float(len(continuation)) for _, continuation in pairs]
"""
OPENAI = (
    ECHO
    + """
    def one(self, text):
        return {"choices": [{"message": {"role": "assistant", "content": text}}], "usage": {"prompt_tokens": 3}}
"""
)


@pytest.fixture(autouse=True)
def _fresh_imports() -> Iterator[None]:
    path = list(sys.path)
    yield
    sys.path[:] = path
    sys.modules.pop("own_model", None)


class Trial:
    """One evaluation by the class in `source`."""

    def __init__(self, root: Path, source: str, monkeypatch: pytest.MonkeyPatch, **dataset: Any) -> None:
        self.code, self.root = root / "code", root / "job"
        self.code.mkdir(exist_ok=True)
        (self.code / "own_model.py").write_text(source, encoding="utf-8")
        options = {"code": str(self.code), "model_class": "own_model:Model"}
        self.job = Job(self.root, evaluation(request(**dataset), model=WEIGHTS, options=options))
        (self.root / "models/m").mkdir()
        monkeypatch.setenv("EVALDOCK_ROOT", str(self.root))
        self.exit_code = run()

    @property
    def asked(self) -> list[str]:
        return (self.root / "models/asked").read_text("utf-8").splitlines()

    @property
    def summary(self) -> dict[str, Any]:
        return dict(json.loads((self.job.output / "summary.json").read_text("utf-8")))


def qa(folder: Path) -> dict[str, Any]:
    return {"name": "general_qa", "path": write_jsonl(folder / "qa.jsonl", QA)}


@pytest.mark.parametrize("source", [ECHO, OPENAI], ids=["text", "openai's object"])
def test_its_answers_are_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    trial = Trial(tmp_path, source, monkeypatch, **qa(tmp_path))

    (result,) = trial.job.normalized().results
    assert (trial.exit_code, result.counts.scored, result.metrics[0].value) == (0, 40, 1.0)


def test_it_is_asked_some_at_a_time_and_told_the_parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = Trial(tmp_path, ECHO, monkeypatch, **qa(tmp_path))

    assert trial.asked == [f"{count} ['max_tokens', 'temperature']" for count in (16, 16, 8)]


def test_its_likelihoods_are_scored_where_it_has_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_jsonl(tmp_path / "mcq.jsonl", MCQ)

    trial = Trial(tmp_path, ECHO, monkeypatch, name="general_mcq", path=path, scoring="continuation")

    (result,) = trial.job.normalized().results
    assert {metric.name: metric.value for metric in result.metrics} == {"accuracy": 0.0, "acc_norm": 1.0}


def test_the_result_s_model_says_which_code_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trial = Trial(tmp_path, ECHO, monkeypatch, **qa(tmp_path))

    (result,) = trial.job.normalized().results
    assert result.key.model == f"sha256:0, code {trial.summary['model']['code']}"


@pytest.mark.parametrize("changed", [False, True])
def test_a_resumed_job_asks_again_only_where_the_code_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: bool
) -> None:
    first = Trial(tmp_path, ECHO, monkeypatch, **qa(tmp_path))
    (first.root / "job/previous").mkdir()
    for file in first.job.output.glob("*.jsonl"):
        file.rename(first.root / "job/previous" / file.name)
    sys.modules.pop("own_model")
    if changed:
        (first.code / "beside.txt").write_text("new", encoding="utf-8")

    assert run() == 0

    assert len(first.asked) == (6 if changed else 3)
    assert {sample.state for sample in first.job.normalized().samples} == {SampleState.SCORED}


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("", "the class 'own_model:Model' cannot be used: AttributeError"),
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("class Model:\n    def __init__(self, config): 1 / 0", "ZeroDivisionError"),
        ("class Model:\n    def __init__(self, config): pass", "has no method predict"),
        (ECHO.replace("return [self", "1 / 0; return [self"), "Model.predict failed: ZeroDivisionError"),
        (ECHO.replace("return [self", "return 'x' * len(prompts); [self"), "gave 1 answers to 16 requests"),
        (ECHO.replace("return [self", "raise SystemExit(0); [self"), "Model.predict failed: SystemExit: 0"),
        ("raise SystemExit('no licence')", "cannot be used: SystemExit: no licence"),
        (ECHO.replace("return text", "return 5"), "Model.predict gave a int"),
        (ECHO.replace("for prompt in prompts", "for prompt in prompts[1:]"), "gave 15 answers to 16 requests"),
    ],
)
def test_what_goes_wrong_is_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, reason: str
) -> None:
    trial = Trial(tmp_path, source, monkeypatch, **qa(tmp_path))

    (result,) = trial.job.normalized().results
    assert trial.exit_code == 1
    assert reason in result.absent
    assert result.metrics == ()


def test_a_class_without_likelihoods_is_refused_where_they_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_jsonl(tmp_path / "mcq.jsonl", MCQ)
    source = ECHO.replace("def loglikelihood", "def other")

    trial = Trial(tmp_path, source, monkeypatch, name="general_mcq", path=path, scoring="choice")

    (result,) = trial.job.normalized().results
    assert "has no method loglikelihood" in result.absent
    assert "scoring: generate" in result.absent


def test_a_likelihood_that_is_no_number_is_no_score(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_jsonl(tmp_path / "mcq.jsonl", MCQ)
    source = ECHO.replace("-float(len(continuation))", "float('nan')")

    trial = Trial(tmp_path, source, monkeypatch, name="general_mcq", path=path, scoring="choice")

    assert "which is no finite number" in trial.job.normalized().results[0].absent
