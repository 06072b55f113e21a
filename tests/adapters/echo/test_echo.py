"""The echo adapter and its runner: what it refuses, what it writes, what is read from that."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from adapters.echo.adapter import ADAPTER
from adapters.echo.runner import run
from adapters.runtime import gateway
from hub.adapter import DatasetRequest, Evaluation, ModelTarget
from hub.errors import NormalizeError
from hub.ledger import read_runner_rows
from hub.report import JobState, SampleState, job_state

_IN_JOB = ModelTarget(name="m", via="in_job", path="/models/m", identity="weights")
_ENDPOINT = ModelTarget(name="m", via="endpoint", remote_model="any", identity="url")


def _evaluation(model: ModelTarget = _IN_JOB, limit: int | None = None, **options: Any) -> Evaluation:
    request = DatasetRequest(name="echo", label="echo/a", limit=limit, options=options)
    return Evaluation("echo", model, (request,), seed=7)


def test_unknown_options_are_complained_about_at_their_place() -> None:
    complaints = ADAPTER.complain(_evaluation(nn=3))

    assert [complaint.path for complaint in complaints] == [("datasets", 0, "options", "nn")]


def test_wishes_that_echo_cannot_fulfil_are_complained_about() -> None:
    request = DatasetRequest("echo", "echo", Path("/x"), ("s",), few_shot=2, scoring="choice")
    evaluation = replace(_evaluation(), datasets=(request,), options={"x": 1})

    places = [complaint.path[-1] for complaint in ADAPTER.complain(evaluation)]

    assert places == ["x", "path", "subsets", "few_shot", "scoring"]


def test_limit_lowers_the_number_of_samples() -> None:
    task = json.loads(ADAPTER.translate(_evaluation(limit=2, n=5))["task.json"])

    assert task["datasets"][0]["n"] == 2


def test_in_job_every_sample_is_scored(job_root: Path) -> None:
    evaluation = _evaluation()

    code = _run(evaluation, job_root)

    found = ADAPTER.normalize(evaluation, job_root / "job/output")
    [result] = found.results
    assert code == 0
    assert result.metrics[0].value == 1.0
    assert result.metrics[0].raw.literal == "1.0"
    assert result.counts.complete
    assert [sample.id for sample in found.samples] == ["0", "1", "2"]


def test_in_job_it_keeps_an_account_and_behind_a_gateway_it_does_not(
    job_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _upstream(lambda prompt: prompt) as url:
        monkeypatch.setenv("EVALDOCK_GATEWAY", url)
        _run(_evaluation(_ENDPOINT), job_root)
    assert not (job_root / "job/output/ledger.jsonl").exists()

    _run(_evaluation(), job_root)

    rows = list(read_runner_rows(job_root / "job/output", 1))
    assert [(row.role, row.dataset, row.sample) for row in rows] == [("candidate", "echo/a", n) for n in "012"]


def test_events_tell_how_far_the_runner_is(job_root: Path) -> None:
    _run(_evaluation(n=2), job_root)

    lines = (job_root / "job/output/events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    assert [event["event"] for event in events] == ["planned", "progress", "progress", "finished"]
    assert events[2] == {"event": "progress", "dataset": "echo/a", "done": 2, "total": 2, "errors": 0}


def test_a_model_that_repeats_the_prompt_scores_one(job_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _upstream(lambda prompt: prompt) as url:
        monkeypatch.setenv("EVALDOCK_GATEWAY", url)
        _run(_evaluation(_ENDPOINT), job_root)

    [result] = ADAPTER.normalize(_evaluation(_ENDPOINT), job_root / "job/output").results
    assert result.metrics[0].value == 1.0


def test_a_model_that_says_something_else_scores_zero(job_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _upstream(lambda _prompt: "no") as url:
        monkeypatch.setenv("EVALDOCK_GATEWAY", url)
        _run(_evaluation(_ENDPOINT), job_root)

    [result] = ADAPTER.normalize(_evaluation(_ENDPOINT), job_root / "job/output").results
    assert result.metrics[0].value == 0.0
    assert result.counts.complete


def test_a_failed_request_is_no_score(job_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluation = _evaluation(_ENDPOINT)
    with _upstream(lambda prompt: None if prompt.endswith("-1") else prompt) as url:
        monkeypatch.setenv("EVALDOCK_GATEWAY", url)
        _run(evaluation, job_root)

    found = ADAPTER.normalize(evaluation, job_root / "job/output")
    [result] = found.results
    states = [sample.state for sample in found.samples]
    assert states == [SampleState.SCORED, SampleState.INFRA_ERROR, SampleState.SCORED]
    assert (result.counts.scored, result.counts.infra_error) == (2, 1)
    assert job_state(found.results) is JobState.PARTIAL


def test_where_no_request_succeeds_the_score_is_absent(job_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluation = _evaluation(_ENDPOINT)
    monkeypatch.setattr(gateway, "WAITS_S", ())
    monkeypatch.setenv("EVALDOCK_GATEWAY", "http://127.0.0.1:1")
    _run(evaluation, job_root)

    [result] = ADAPTER.normalize(evaluation, job_root / "job/output").results
    assert result.metrics == ()
    assert result.absent == "no sample was scored"


def test_a_gateway_that_is_away_for_a_while_is_asked_again(job_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "WAITS_S", (0, 0))
    asked = []

    def answer(prompt: str) -> str | dict[str, Any]:
        asked.append(prompt)
        return {"type": "gateway_unreachable"} if len(asked) < 3 else prompt

    with _upstream(answer) as url:
        monkeypatch.setenv("EVALDOCK_GATEWAY", url)
        _run(_evaluation(_ENDPOINT, n=1), job_root)

    [result] = ADAPTER.normalize(_evaluation(_ENDPOINT, n=1), job_root / "job/output").results
    assert (result.counts.scored, len(asked)) == (1, 3)


def test_what_the_budget_did_not_allow_is_skipped(job_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evaluation = _evaluation(_ENDPOINT)
    with _upstream(lambda prompt: {"type": "budget_spent"} if prompt.endswith("-2") else prompt) as url:
        monkeypatch.setenv("EVALDOCK_GATEWAY", url)
        _run(evaluation, job_root)

    found = ADAPTER.normalize(evaluation, job_root / "job/output")
    [result] = found.results
    assert (result.counts.scored, result.counts.skipped, result.metrics[0].value) == (2, 1, 1.0)
    assert [sample.state for sample in found.samples][-1] is SampleState.SKIPPED


def test_every_request_names_its_sample(job_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples: list[str] = []
    with _upstream(lambda prompt: prompt, samples) as url:
        monkeypatch.setenv("EVALDOCK_GATEWAY", url)
        _run(_evaluation(_ENDPOINT), job_root)

    assert sorted(samples) == ["0", "1", "2"]


def test_a_runner_that_gave_up_leaves_an_absent_score_and_its_samples(job_root: Path) -> None:
    evaluation = _evaluation(n=5, fail_at=2)

    code = _run(evaluation, job_root)

    found = ADAPTER.normalize(evaluation, job_root / "job/output")
    [result] = found.results
    assert code == 1
    assert "stopped" in result.absent
    assert (result.counts.scored, result.counts.skipped) == (2, 3)


def test_half_a_line_of_a_killed_runner_is_left_out(job_root: Path) -> None:
    evaluation = _evaluation(fail_at=2)
    _run(evaluation, job_root)
    with (job_root / "job/output/echo%2Fa/samples.jsonl").open("a") as file:
        file.write('{"id": "2", "data')

    found = ADAPTER.normalize(evaluation, job_root / "job/output")

    assert len(list(found.samples)) == 2


def test_a_broken_summary_is_refused(job_root: Path) -> None:
    evaluation = _evaluation()
    _run(evaluation, job_root)
    (job_root / "job/output/echo%2Fa/summary.json").write_text('{"accuracy": "high"}')

    with pytest.raises(NormalizeError, match="summary"):
        ADAPTER.normalize(evaluation, job_root / "job/output")


def test_it_exits_with_the_code_it_was_told(job_root: Path) -> None:
    assert _run(_evaluation(exit_code=17), job_root) == 17


@pytest.fixture
def job_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "job/input").mkdir(parents=True)
    (tmp_path / "job/output").mkdir()
    monkeypatch.setenv("EVALDOCK_ROOT", str(tmp_path))
    return tmp_path


def _run(evaluation: Evaluation, root: Path) -> int:
    for name, text in ADAPTER.translate(evaluation).items():
        (root / "job/input" / name).write_text(text)
    return run.main()


@contextmanager
def _upstream(answer: Any, samples: list[str] | None = None) -> Iterator[str]:
    """Serve chat completions; an answer of None is a 503, and so is a mapping: the error that it tells."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if samples is not None:
                samples.append(self.headers["X-Evaldock-Sample"])
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told = answer(body["messages"][0]["content"])
            reply = {"choices": [{"message": {"content": told}}], "usage": {"prompt_tokens": 3}}
            good = isinstance(told, str)
            data = json.dumps(reply if good else {"error": told}).encode()
            self.send_response(200 if good else 503)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
