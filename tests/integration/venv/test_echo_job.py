"""The echo adapter's whole way through the venv engine: translate, run, normalize."""

from __future__ import annotations

from typing import Any

from hub.adapter import DatasetRequest, Evaluation, ModelTarget
from hub.job import Ending
from hub.registry import load_adapter


def _evaluation(**options: object) -> Evaluation:
    model = ModelTarget(name="m", via="in_job", path="/models/m")
    return Evaluation("echo", model, (DatasetRequest("echo", "echo", options=options),), seed=42)


def _run(bench: Any, evaluation: Evaluation) -> Any:
    adapter = load_adapter("echo")
    (bench.folder() / "input").mkdir(parents=True)
    for name, text in adapter.translate(evaluation).items():
        (bench.folder() / "input" / name).write_text(text)
    return bench.run(*adapter.command(evaluation))


def test_an_echo_job_is_scored(bench: Any) -> None:
    outcome = _run(bench, _evaluation(n=5))

    [result] = load_adapter("echo").normalize(_evaluation(n=5), bench.folder() / "output").results
    assert outcome.ending is Ending.SUCCEEDED
    assert result.counts.complete
    assert result.metrics[0].value == 1.0


def test_a_failing_echo_job_keeps_what_it_did(bench: Any) -> None:
    evaluation = _evaluation(n=5, fail_at=2)

    outcome = _run(bench, evaluation)

    [result] = load_adapter("echo").normalize(evaluation, bench.folder() / "output").results
    assert (outcome.ending, outcome.exit_code) == (Ending.FAILED, 1)
    assert (result.counts.scored, result.metrics) == (2, ())
