"""A job that is told to end sums up what was answered by then: the rest is skipped, no other data set is begun."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from adapters.native.evaluator import evaluate
from adapters.native.evaluator.models import endpoint
from hub.report import JobState, SampleState, job_state
from tests.adapters.native.fake_server import Handler, completion
from tests.adapters.native.native_task import evaluation, request, write_jsonl
from tests.adapters.native.test_run import Job

TOLD_AT = 30  # the question at which the job is told to end
ROWS = [{"question": f"{n}?", "answer": str(n)} for n in range(100)]


@pytest.fixture(autouse=True)
def _survive() -> Iterator[None]:
    """Keep the test's own process alive where the runner does not listen."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    data = write_jsonl(tmp_path / "qa.jsonl", ROWS)
    datasets = [request("general_qa", label=label, path=data) for label in ("first", "second")]
    return Job(tmp_path / "job", evaluation(*datasets, concurrency=4))


def answering(*, late_s: float) -> Handler:
    """Return a server that has the job told to end at one question, and answers from then on after `late_s`."""

    async def handler(asked: web.Request) -> web.Response:
        text = (await asked.json())["messages"][-1]["content"].rstrip("?")
        if int(text) == TOLD_AT:
            os.kill(os.getpid(), signal.SIGTERM)
        if int(text) >= TOLD_AT:
            await asyncio.sleep(late_s)
        return completion(text)

    return handler


@pytest.mark.parametrize(("late_s", "drain_s"), [(60, 0.0), (0.05, 10.0)], ids=["hanging", "almost answered"])
def test_what_was_answered_by_then_is_summed_up(
    job: Job, monkeypatch: pytest.MonkeyPatch, late_s: float, drain_s: float
) -> None:
    monkeypatch.setattr(endpoint, "DRAIN_S", drain_s)

    code = job.run(monkeypatch, answering(late_s=late_s))

    first, second = job.normalized().results
    states = Counter(sample.state for sample in job.normalized().samples)
    assert code == 128 + signal.SIGTERM
    assert first.metrics[0].value == 1.0
    assert states == {SampleState.SCORED: first.counts.scored, SampleState.SKIPPED: first.counts.skipped}
    assert first.counts.scored + first.counts.skipped == first.counts.planned == 100
    # What was under way at the signal is answered if it soon is; nothing was asked after it.
    assert first.counts.scored in (range(TOLD_AT - 3, TOLD_AT + 4) if late_s > 1 else range(TOLD_AT + 1, TOLD_AT + 5))
    assert job_state((first, second)) is JobState.PARTIAL


def test_no_other_data_set_is_begun(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    job.run(monkeypatch, answering(late_s=0))

    second = job.normalized().results[-1]
    assert (second.dataset, second.metrics) == ("second", ())
    assert second.absent == "the job was ended before it came to this data set"
    assert "second" not in {sample.dataset for sample in job.normalized().samples}


def test_a_word_that_comes_while_it_sums_up_does_not_break_that_off(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway gives the endpoint up, what is under way is told so, and the hub ends the job: all at once."""

    async def down(_: web.Request) -> web.Response:
        return web.json_response({"error": {"type": "upstream_down", "message": "since noon"}}, status=503)

    real = evaluate.dataset_entry

    def interrupted(*args: Any, **more: Any) -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGTERM)
        return real(*args, **more)

    monkeypatch.setattr(evaluate, "dataset_entry", interrupted)

    assert job.run(monkeypatch, down) == 128 + signal.SIGTERM

    first, second = job.normalized().results
    assert first.absent.startswith("the model does not answer: HTTP 503: since noon")
    assert first.counts.infra_error + first.counts.skipped == 100
    assert second.absent == "the job was ended before it came to this data set"


def test_a_word_that_comes_when_all_is_done_changes_nothing(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    real = evaluate.dataset_entry

    def interrupted(dataset: Any, *args: Any, **more: Any) -> dict[str, Any]:
        if dataset.label == "second":
            os.kill(os.getpid(), signal.SIGTERM)
        return real(dataset, *args, **more)

    async def answer(asked: web.Request) -> web.Response:
        return completion((await asked.json())["messages"][-1]["content"].rstrip("?"))

    monkeypatch.setattr(evaluate, "dataset_entry", interrupted)

    assert job.run(monkeypatch, answer) == 0
    assert all(result.counts.complete for result in job.normalized().results)


def test_it_says_neither_that_it_failed_nor_that_the_data_set_is_finished(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why a job was ended knows who ended it; the runner must not talk over that."""
    job.run(monkeypatch, answering(late_s=0))

    assert {event["event"] for event in job.events()} == {"planned", "progress"}


def test_it_is_over_well_within_the_grace_period(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()

    job.run(monkeypatch, answering(late_s=60))

    assert time.monotonic() - began < 5
